//! What only the browser can give: the time, chance, and members of plain objects.

use js_sys::{Date, Object, Reflect};
use wasm_bindgen::prelude::*;

use crate::id::{RANDOM_BYTES, submission_id};

/// This moment, RFC 3339 in UTC with milliseconds: ECMA-262 writes a date just so.
pub(crate) fn now() -> String {
    Date::new_0().to_iso_string().into()
}

/// A new id.
pub(crate) fn mint() -> String {
    let mut random = [0; RANDOM_BYTES];
    random_values(&mut random);
    // Whole milliseconds, far below 2^53.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    submission_id(Date::now() as u64, random)
}

/// Sets a member of a plain object, which cannot fail.
#[inline(never)]
pub(crate) fn set(object: &Object, name: &str, value: &JsValue) {
    _ = Reflect::set(object, &JsValue::from_str(name), value);
}

/// Sets a member of a plain object to a text.
#[inline(never)]
pub(crate) fn set_text(object: &Object, name: &str, text: &str) {
    set(object, name, &JsValue::from_str(text));
}

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = crypto, js_name = getRandomValues)]
    fn random_values(bytes: &mut [u8]);
}
