//! RSA signatures by the runtime's own WebCrypto: the Worker carries no RSA of its own.

use js_sys::{Array, Function, JSON, Object, Promise, Reflect, Uint8Array};
use sayso_shared::connector::superoffice::SigningKey;
use wasm_bindgen::{JsCast as _, JsValue};
use worker::wasm_bindgen_futures::JsFuture;

/// RSASSA-PKCS1-v1_5 with SHA-256.
pub(super) async fn rsa_sha256(key: &SigningKey, message: &[u8]) -> Result<Vec<u8>, JsValue> {
    let (format, key): (_, JsValue) = match key {
        SigningKey::Pkcs8(der) => ("pkcs8", Uint8Array::from(der.as_slice()).into()),
        SigningKey::Jwk(jwk) => ("jwk", JSON::parse(&jwk.to_string())?),
    };
    let algorithm = Object::new();
    Reflect::set(&algorithm, &"name".into(), &"RSASSA-PKCS1-v1_5".into())?;
    Reflect::set(&algorithm, &"hash".into(), &"SHA-256".into())?;
    let crypto = Reflect::get(&js_sys::global(), &"crypto".into())?;
    let subtle = Reflect::get(&crypto, &"subtle".into())?;
    let usages = Array::of1(&"sign".into());
    let import = [
        &format.into(),
        &key,
        &algorithm.clone().into(),
        &JsValue::FALSE,
        &usages.into(),
    ];
    let key = call(&subtle, "importKey", &import).await?;
    let sign = [&algorithm.into(), &key, &Uint8Array::from(message).into()];
    let signature = call(&subtle, "sign", &sign).await?;
    Ok(Uint8Array::new(&signature).to_vec())
}

async fn call(of: &JsValue, name: &str, arguments: &[&JsValue]) -> Result<JsValue, JsValue> {
    let function: Function = Reflect::get(of, &name.into())?.dyn_into()?;
    let arguments: Array = arguments.iter().copied().collect();
    let promise: Promise = function.apply(of, &arguments)?.dyn_into()?;
    JsFuture::from(promise).await
}
