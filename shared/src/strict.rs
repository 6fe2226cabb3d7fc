//! Reading a caller's JSON by a derived `Deserialize`, as its schema says and not more kindly.
//!
//! What serde derives takes a list for an object, field by field in the order in which a program happens to declare them, and takes
//! `{"given": null}` for the word `"given"`. No schema says so, and a list that fits today means something else as soon as a field is
//! added. So a [`Strict`] value is an object only where it is one, and a word only where it is one, at every depth.

use serde::{
    Deserializer,
    de::{
        DeserializeOwned, EnumAccess, Error as _, IntoDeserializer, Unexpected, VariantAccess,
        Visitor,
        value::{BorrowedStrDeserializer, MapDeserializer, SeqDeserializer},
    },
    forward_to_deserialize_any,
};
use serde_json::{Error, Value};

use crate::{fields::stopped_at, problem::FieldError};

/// Reads a document of a caller's; says where it stopped, and why.
///
/// # Errors
/// The first field that is wrong.
pub fn read<T: DeserializeOwned>(document: &Value) -> Result<T, FieldError> {
    serde_path_to_error::deserialize(Strict(document)).map_err(stopped_at)
}

/// A value that is read strictly.
#[derive(Clone, Copy)]
struct Strict<'de>(&'de Value);

impl<'de> Deserializer<'de> for Strict<'de> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.0 {
            Value::Array(items) => {
                let mut items = SeqDeserializer::new(items.iter().map(Strict));
                let read = visitor.visit_seq(&mut items)?;
                items.end()?;
                Ok(read)
            }
            Value::Object(fields) => {
                let fields = fields.iter();
                let fields = fields.map(|(name, value)| (Name(name), Strict(value)));
                let mut fields = MapDeserializer::new(fields);
                let read = visitor.visit_map(&mut fields)?;
                fields.end()?;
                Ok(read)
            }
            plain => plain.deserialize_any(visitor),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        if self.0.is_array() {
            return Err(Error::invalid_type(Unexpected::Seq, &visitor));
        }
        self.deserialize_any(visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        match self.0 {
            Value::Object(fields) => match fields.iter().next() {
                Some((variant, content)) if fields.len() == 1 => {
                    visitor.visit_enum(Variant(Name(variant), Strict(content)))
                }
                _ => Err(Error::invalid_type(Unexpected::Map, &visitor)),
            },
            plain => plain.deserialize_enum(name, variants, visitor),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.0 {
            Value::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple
        tuple_struct map identifier ignored_any
    }
}

impl<'de> IntoDeserializer<'de, Error> for Strict<'de> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

/// The name of a field.
#[derive(Clone, Copy)]
struct Name<'de>(&'de str);

impl<'de> Deserializer<'de> for Name<'de> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_borrowed_str(self.0)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        BorrowedStrDeserializer::new(self.0).deserialize_enum(name, variants, visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct seq tuple
        tuple_struct map struct identifier ignored_any
    }
}

impl<'de> IntoDeserializer<'de, Error> for Name<'de> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

/// One of several shapes: its name, and what is in it.
struct Variant<'de>(Name<'de>, Strict<'de>);

impl<'de> EnumAccess<'de> for Variant<'de> {
    type Error = Error;
    type Variant = Strict<'de>;

    fn variant_seed<S: serde::de::DeserializeSeed<'de>>(
        self,
        seed: S,
    ) -> Result<(S::Value, Strict<'de>), Error> {
        Ok((seed.deserialize(self.0)?, self.1))
    }
}

impl<'de> VariantAccess<'de> for Strict<'de> {
    type Error = Error;

    fn unit_variant(self) -> Result<(), Error> {
        Err(Error::invalid_type(Unexpected::Map, &"a text"))
    }

    fn newtype_variant_seed<S: serde::de::DeserializeSeed<'de>>(
        self,
        seed: S,
    ) -> Result<S::Value, Error> {
        seed.deserialize(self)
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_any(visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.deserialize_struct("", fields, visitor)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde::Deserialize;
    use serde_json::json;

    use super::*;
    use crate::{
        answer::{KeyRequest, LookupRequest, RotateRequest},
        api_key::Scope,
        definition::SiteDefinition,
        key::PurposeKey,
        table::Template,
    };

    #[test]
    fn a_list_is_no_object_however_well_its_items_fit() {
        assert_eq!(refused::<LookupRequest>(&json!(["kim@example.nl"])), "");
        assert_eq!(refused::<RotateRequest>(&json!([])), "");
        assert_eq!(refused::<RotateRequest>(&json!([null, 3])), "");
        let error = read::<LookupRequest>(&json!(["kim@example.nl"])).expect_err("a list");
        assert!(error.detail.contains("sequence"), "{}", error.detail);
    }

    #[test]
    fn nor_is_one_within_an_object_or_within_a_list() {
        let site =
            json!({"name": "Demo", "controller": ["Demo", "https://example.com", "a@example.com"]});
        assert_eq!(refused::<SiteDefinition>(&site), "/controller");
        let template = json!({"columns": [{"field": "email"}, ["email"]]});
        assert_eq!(refused::<Template>(&template), "/columns/1");
    }

    #[test]
    fn a_word_is_a_word_and_no_object_with_its_name() {
        let request = json!({"scopes": ["events:read", {"events:read": null}]});
        assert!(refused::<KeyRequest>(&request).starts_with("/scopes/1"));
    }

    #[test]
    fn what_is_right_is_read_as_ever() {
        let request: KeyRequest = read(&json!({"scopes": ["site:admin"]})).expect("it is right");
        assert_eq!(request.scopes, [Scope::SiteAdmin]);
        let rotate: RotateRequest =
            read(&json!({"secret": null, "former_hours": 3})).expect("it is right");
        assert_eq!(rotate.former_hours, Some(3));
        let named: BTreeMap<PurposeKey, Option<Shape>> = read(&json!({
            "NONE": null, "ROUND": {"round": 1.5}, "SQUARE": {"square": {"side": 2}}, "FLAT": "flat"
        }))
        .expect("it is right");
        let shapes: Vec<Option<Shape>> = named.into_values().collect();
        let square = Shape::Square { side: 2 };
        assert_eq!(
            shapes,
            [
                Some(Shape::Flat),
                None,
                Some(Shape::Round(1.5)),
                Some(square)
            ]
        );
        let words: BTreeMap<Scope, bool> =
            read(&json!({"events:read": true})).expect("names of fields are words too");
        assert_eq!(words.len(), 1);
    }

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Shape {
        Flat,
        Round(f64),
        Square { side: u8 },
    }

    /// Where it is refused.
    fn refused<T: DeserializeOwned>(document: &Value) -> String {
        read::<T>(document).map(|_| ()).expect_err("wrong").pointer
    }
}
