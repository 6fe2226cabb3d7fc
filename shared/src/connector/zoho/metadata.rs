//! Metadata: which fields and which values an organisation has, read at set-up, in its own spelling.

use serde_json::{Map, Value};

use super::{Module, OwnField, Settings, Target, decision::REMARKS, succeeded};
use crate::{
    connector::{Answer, Item, Lists, Told, WhenUnknown},
    problem::FieldError,
};

/// The consent of a record. It is there where GDPR compliance is switched on for the module.
pub const CONSENTS: &str = "Data_Processing_Basis_Details";

/// The data processing bases, and through what a consent can have come.
const BASES: &str = "bases";
const THROUGHS: &str = "throughs";

/// The metadata of a field, of which little is looked at: what is not there, or is null, says nothing.
#[derive(Debug, Clone)]
pub struct Field(Map<String, Value>);

impl Field {
    /// The fields that Zoho answered. Zoho has no module of consents before GDPR compliance is switched on: then there are none.
    pub fn listed(answer: &Answer, is_consents: bool) -> Told<Vec<Self>> {
        if answer.status == 204 || (is_consents && matches!(answer.status, 400 | 404)) {
            return Ok(Vec::new());
        }
        succeeded(answer)?;
        let body: Value = answer.json()?;
        let fields = body.get("fields").and_then(Value::as_array);
        let fields = fields.into_iter().flatten().filter_map(Value::as_object);
        Ok(fields.cloned().map(Self).collect())
    }

    fn text(&self, name: &str) -> &str {
        self.0.get(name).and_then(Value::as_str).unwrap_or_default()
    }

    fn flag(&self, name: &str) -> bool {
        self.0.get(name) == Some(&Value::Bool(true))
    }

    fn is_named(&self, name: &str) -> bool {
        self.text("api_name") == name
    }

    fn is(&self, kind: &str) -> bool {
        self.text("data_type") == kind
    }

    fn item(&self) -> Item {
        Item::new(self.text("api_name"), self.text("field_label"))
    }

    fn choices(&self) -> Vec<Item> {
        let choices = self.0.get("pick_list_values").and_then(Value::as_array);
        let choices = choices.into_iter().flatten().filter_map(|choice| {
            let text = |name: &str| choice.get(name).and_then(Value::as_str);
            let actual = text("actual_value")?;
            Some(Item::new(actual, text("display_value").unwrap_or(actual)))
        });
        choices.collect()
    }

    fn is_writable(&self) -> bool {
        !self.flag("read_only") && !self.flag("field_read_only")
    }

    /// Text that a remark fits into. Zoho writes a length as a number; what has none is long.
    fn is_long_text(&self) -> bool {
        let length = self.0.get("length").and_then(Value::as_u64);
        let is_text = self.is("text") || self.is("textarea");
        is_text && self.is_writable() && length.is_none_or(|length| length >= REMARKS as u64)
    }
}

/// The lists of Zoho: what the mapping can name, by module.
#[must_use]
pub fn lists(settings: &Settings, modules: &[(Module, Vec<Field>)], consents: &[Field]) -> Lists {
    let mut lists = Lists::default()
        .with(BASES, choices(consents, "Data_Processing_Basis"))
        .with(THROUGHS, choices(consents, "Consent_Through"));
    for (module, fields) in modules {
        let mut add = |of: &str, fits: &dyn Fn(&Field) -> bool| {
            let fitting = fields.iter().filter(|field| fits(field));
            let items = fitting.map(Field::item).collect();
            lists = std::mem::take(&mut lists).with(&list(*module, of), items);
        };
        add("consents", &|field| field.is("consent_lookup"));
        add("emails", &|field| field.is("email"));
        add("booleans", &|field| {
            field.is("boolean") && field.is_writable()
        });
        add("picklists", &|field| {
            field.is("picklist") && field.is_writable()
        });
        add("texts", &Field::is_long_text);
        add("required", &|field| {
            field.flag("system_mandatory") && field.is_writable()
        });
        let own = settings
            .purposes
            .values()
            .filter_map(|of| of.field.as_ref());
        for OwnField { name, .. } in own {
            lists = lists.with(&list(*module, name), choices(fields, name));
        }
    }
    lists
}

fn choices(fields: &[Field], name: &str) -> Vec<Item> {
    let mut fields = fields.iter();
    let field = fields.find(|field| field.is_named(name));
    field.map_or_else(Vec::new, Field::choices)
}

/// What of the settings an organisation does not have.
pub(super) fn check(settings: &Settings, lists: &Lists) -> Vec<FieldError> {
    let mut errors = Vec::new();
    for module in &settings.modules {
        let mut misses = |kind: &str, name: &str, pointer: String| {
            let detail = lists.misses(&list(*module, kind), name);
            errors.extend(detail.map(|detail| {
                FieldError::new(pointer, format!("{detail} (in {})", module.name()))
            }));
        };
        for (index, name) in settings.email_fields.iter().enumerate() {
            misses("emails", name, format!("/email_fields/{index}"));
        }
        if let Some(name) = &settings.subject_field {
            misses("texts", name, "/subject_field".to_owned());
        }
        for (purpose, of) in &settings.purposes {
            for (kind, name, place) in needs(of) {
                misses(kind, name, format!("/purposes/{purpose}{place}"));
            }
            if of.opts_out() {
                let pointer = format!("/purposes/{purpose}/email_opt_out");
                misses("booleans", "Email_Opt_Out", pointer);
            }
        }
    }
    for (purpose, of) in &settings.purposes {
        let Some(basis) = &of.consent else { continue };
        let lacking = settings.modules.iter().find(|module| {
            lists
                .misses(&list(**module, "consents"), CONSENTS)
                .is_some()
        });
        if let Some(module) = lacking {
            let detail = format!(
                "needs GDPR compliance switched on in Zoho for {} (Setup, Security Control, Compliance Settings)",
                module.name()
            );
            errors.push(FieldError::new(
                format!("/purposes/{purpose}/consent"),
                detail,
            ));
            continue;
        }
        for (place, name) in basis.named() {
            let pointer = format!("/purposes/{purpose}/consent/{place}");
            errors.extend(
                lists
                    .misses(BASES, name)
                    .map(|detail| FieldError::new(pointer, detail)),
            );
        }
        for (source, name) in &basis.through {
            let source = serde_json::to_value(source).unwrap_or_default();
            let source = source.as_str().unwrap_or_default();
            let pointer = format!("/purposes/{purpose}/consent/through/{source}");
            errors.extend(
                lists
                    .misses(THROUGHS, name)
                    .map(|detail| FieldError::new(pointer, detail)),
            );
        }
    }
    errors.extend(required(settings, lists));
    errors
}

/// What Zoho wants of every new record, and the mapping does not name.
fn required(settings: &Settings, lists: &Lists) -> Option<FieldError> {
    if settings.when_unknown == WhenUnknown::Skip {
        return None;
    }
    let module = settings.create.module;
    let required = lists.0.get(&list(module, "required"))?;
    let lacking = required.iter().filter(|item| {
        let is_given = item.key == "Last_Name" || settings.email_fields.first() == Some(&item.key);
        !is_given && !settings.create.fields.contains_key(&item.key)
    });
    let lacking: Vec<_> = lacking.map(|item| item.key.as_str()).collect();
    let detail = format!(
        "must name what Zoho requires in {}: {}",
        module.name(),
        lacking.join(", ")
    );
    (!lacking.is_empty()).then(|| FieldError::new("/create/fields", detail))
}

/// What a target needs of each module: the list, the key and the place in the target.
fn needs(of: &Target) -> Vec<(&str, &str, &'static str)> {
    let Some(OwnField {
        name,
        yes,
        no,
        remarks,
    }) = &of.field
    else {
        return Vec::new();
    };
    let kind = if yes.is_some() {
        "picklists"
    } else {
        "booleans"
    };
    let mut needs = vec![
        (kind, name.as_str(), "/field/name"),
        ("texts", remarks, "/field/remarks"),
    ];
    for (value, place) in [(yes, "/field/yes"), (no, "/field/no")] {
        needs.extend(
            value
                .as_ref()
                .map(|value| (name.as_str(), value.as_str(), place)),
        );
    }
    needs
}

/// What a list of a module is called.
fn list(module: Module, of: &str) -> String {
    format!("{}.{of}", module.name())
}
