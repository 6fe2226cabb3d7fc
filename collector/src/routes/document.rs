//! The OpenAPI document, made from the routes and the types of `shared`. It is made here, natively, and kept in `openapi.json`, which the
//! Worker serves: a document that is always the same need not be put together at the edge.

mod examples;
mod failures;

use std::{
    collections::{BTreeMap, BTreeSet},
    env, fs,
    path::Path,
};

use utoipa::{
    OpenApi,
    openapi::{
        ContentBuilder, KnownFormat, ObjectBuilder, Ref, RefOr, Schema, SchemaFormat,
        path::{Operation, Parameter, ParameterIn, PathItem},
        schema::Type,
        security::{HttpAuthScheme, HttpBuilder, SecurityScheme},
    },
};

#[test]
fn the_document_says_what_the_routes_say() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("openapi.json");
    let made = document();
    if env::var_os("SAYSO_ACCEPT").is_some() {
        fs::write(&file, &made).expect("a file of this project");
    }
    let kept = fs::read_to_string(&file).unwrap_or_default();
    assert!(
        kept == made,
        "collector/openapi.json is not what the routes say any more. If the change is meant: SAYSO_ACCEPT=1 cargo test -p sayso-collector document"
    );
}

fn document() -> String {
    let mut document = Routes::openapi();
    let key = SecurityScheme::Http(
        HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some(
                "An API key `sk_…` of the site, with the scope that the operation names; or the admin token, which may do everything",
            ))
            .build(),
    );
    describe_operations(&mut document);
    failures::add(&mut document);
    describe_one_click(&mut document);
    for (path, name) in NAMED_BY_THEIR_ADDRESS {
        let_the_address_name_it(&mut document, path, name);
    }
    examples::add(&mut document);
    document
        .components
        .get_or_insert_default()
        .security_schemes
        .insert("key".to_owned(), key.into());
    let mut text = document.to_pretty_json().expect("it is JSON");
    text.push('\n');
    text
}

/// What follows from the address of each.
fn describe_operations(document: &mut utoipa::openapi::OpenApi) {
    for (path, item) in &mut document.paths.paths {
        for (method, operation) in operations(item) {
            operation.operation_id = Some(operation_id(method, path));
            for parameter in operation.parameters.iter_mut().flatten() {
                if let RefOr::T(parameter) = parameter {
                    narrow(parameter);
                }
            }
        }
    }
}

/// What is put at an address that names it, and its shape.
const NAMED_BY_THEIR_ADDRESS: [(&str, &str); 2] = [
    ("/v1/sites/{site}/forms/{form}", "Form"),
    ("/v1/sites/{site}/purposes/{purpose}", "Purpose"),
];

/// In the definition of a site the `key` has to be there; at an address of its own it may be left out. So the shape stands in the
/// document twice.
fn let_the_address_name_it(document: &mut utoipa::openapi::OpenApi, path: &str, name: &str) {
    let schemas = &mut document.components.get_or_insert_default().schemas;
    let Some(RefOr::T(Schema::Object(shape))) = schemas.get(name) else {
        panic!("{name} is an object");
    };
    let mut shape = shape.clone();
    shape.required.retain(|field| field != "key");
    shape.description = Some(format!(
        "A {} at its own address: `key` may be left out, and else is the name in the address",
        name.to_lowercase()
    ));
    let body_name = format!("{name}Body");
    schemas.insert(body_name.clone(), Schema::Object(shape).into());
    let item = document.paths.paths.get_mut(path);
    let put = item.and_then(|item| item.put.as_mut());
    let Some(RefOr::T(body)) = put.and_then(|put| put.request_body.as_mut()) else {
        panic!("PUT {path} has a body");
    };
    for content in body.content.values_mut() {
        if let RefOr::T(content) = content {
            content.schema = Some(Ref::from_schema_name(&body_name).into());
        }
    }
}

/// The one body that is no JSON: RFC 8058 says each letter of it.
fn describe_one_click(document: &mut utoipa::openapi::OpenApi) {
    let word = ObjectBuilder::new()
        .schema_type(Type::String)
        .enum_values(Some(["One-Click"]));
    let form = ObjectBuilder::new()
        .property("List-Unsubscribe", word)
        .required("List-Unsubscribe");
    let item = document.paths.paths.get_mut("/unsubscribe/{token}");
    let press = item.and_then(|item| item.post.as_mut());
    let body = press.and_then(|press| press.request_body.as_mut());
    let Some(RefOr::T(body)) = body else {
        panic!("POST /unsubscribe/{{token}} has a body");
    };
    let form = ContentBuilder::new().schema(Some(form)).build();
    for content in body.content.values_mut() {
        *content = form.clone().into();
    }
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = (&'static str, &mut Operation)> {
    [
        ("get", &mut item.get),
        ("put", &mut item.put),
        ("post", &mut item.post),
        ("delete", &mut item.delete),
    ]
    .into_iter()
    .filter_map(|(method, operation)| Some((method, operation.as_mut()?)))
}

/// A name of its own for each operation, which clients are generated with: `get_events`, `delete_sites_by_site_keys_by_key`.
fn operation_id(method: &str, path: &str) -> String {
    let words = path
        .split(['/', '.', '-'])
        .filter(|word| !word.is_empty() && *word != "v1");
    let words = words.map(|word| match word.strip_prefix('{') {
        Some(name) => format!("by_{}", name.trim_end_matches('}')),
        None => word.to_owned(),
    });
    let words: Vec<String> = words.collect();
    format!("{method}_{}", words.join("_"))
}

/// What a parameter of this name can be, by the rules of [`sayso_shared::key`].
fn narrow(parameter: &mut Parameter) {
    let text = ObjectBuilder::new().schema_type(Type::String);
    let schema = match (parameter.name.as_str(), &parameter.parameter_in) {
        ("site", _) | ("form" | "endpoint" | "connector" | "key", ParameterIn::Path) => {
            text.pattern(Some("^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$"))
        }
        ("purpose", _) => text.pattern(Some("^[A-Z][A-Z0-9_]{0,39}$")),
        ("id" | "event", ParameterIn::Path) => {
            text.format(Some(SchemaFormat::KnownFormat(KnownFormat::Uuid)))
        }
        _ => return,
    };
    parameter.schema = Some(schema.build().into());
}

/// Routes that are none of the API: files of the widget and of the pages, and the mailbox of a developer's machine.
const FILES: [&str; 7] = [
    "/say-so.js",
    "/widget/{}",
    "/pages.css",
    "/favicon.ico",
    "/pages/{}/{}",
    "/dev/mailbox",
    "/dev/mailbox.json",
];

#[test]
fn every_route_of_the_router_is_in_the_document_and_nothing_else_is() {
    let mut routed = routed(include_str!("../routes.rs"), "match segments.as_slice() {");
    let below = self::routed(include_str!("connectors.rs"), "match *rest {");
    routed.extend(
        below
            .into_iter()
            .map(|rest| format!("/v1/sites/{{}}/connectors{rest}")),
    );
    let document = Routes::openapi();
    let anonymous = |path: &String| {
        let segment = |segment: &str| match segment.strip_prefix('{') {
            Some(_) => "{}".to_owned(),
            None => segment.to_owned(),
        };
        path.split('/').map(segment).collect::<Vec<_>>().join("/")
    };
    let documented: BTreeSet<String> = document.paths.paths.keys().map(anonymous).collect();
    let fits = |route: &str, path: &str| {
        let (route, path): (Vec<_>, Vec<_>) =
            (route.split('/').collect(), path.split('/').collect());
        let same = |(one, other): (&&str, &&str)| one == other || *one == "{}";
        route.len() == path.len() && route.iter().zip(&path).all(same)
    };
    assert!(routed.len() > 30, "the router is read: {routed:?}");
    for route in &routed {
        let known = documented.iter().any(|path| fits(route, path));
        assert!(
            known || FILES.contains(&route.as_str()),
            "{route} is routed and not in the document: give its function a #[utoipa::path] and name it in `Routes`"
        );
    }
    for path in &documented {
        let known = routed.iter().any(|route| fits(route, path));
        assert!(known, "{path} is in the document, and no route leads there");
    }
}

/// The paths that the router matches, with `{}` for whatever is a name.
fn routed(source: &str, beginning: &str) -> BTreeSet<String> {
    let (_, arms) = source.split_once(beginning).expect("the router");
    let (arms, _) = arms.split_once("_ => Err").expect("its end");
    let mut routes = BTreeSet::new();
    for arm in arms.split("=>") {
        // What is behind an arrow is the work of the arm before; the pattern is what begins a line with a bracket.
        let starts = arm.match_indices('[').filter(|(place, _)| {
            let line = arm[..*place].rsplit('\n').next().unwrap_or_default();
            line.trim().is_empty() || line.trim_end().ends_with('|')
        });
        for (start, _) in starts {
            let end = start + arm[start..].find(']').expect("the end of a pattern");
            let segments = arm[start + 1..end].split(',').map(str::trim);
            let path: String = segments
                .filter(|segment| !segment.is_empty())
                .map(|segment| match segment.strip_prefix('"') {
                    Some(word) => format!("/{}", word.trim_end_matches('"')),
                    None => "/{}".to_owned(),
                })
                .collect();
            routes.insert(path);
        }
    }
    routes
}

/// Each operation of the document as it is served, by its method and path.
fn all_operations(document: &serde_json::Value) -> Vec<(String, &serde_json::Value)> {
    let paths = document["paths"].as_object().expect("paths");
    paths
        .iter()
        .flat_map(|(path, item)| {
            let operations = item.as_object().expect("operations");
            operations
                .iter()
                .map(move |(method, operation)| (format!("{method} {path}"), operation))
        })
        .collect()
}

#[test]
fn every_operation_has_a_name_of_its_own_and_says_who_may() {
    let document: serde_json::Value = serde_json::from_str(&document()).expect("it is JSON");
    let mut names = BTreeMap::new();
    for (place, operation) in all_operations(&document) {
        let (method, path) = place.split_once(' ').expect("a method and a path");
        let name = operation["operationId"].as_str().unwrap_or_default();
        let other = names.insert(name.to_owned(), place.clone());
        assert_eq!(other, None, "{name} is {place} too");
        let summary = operation["summary"].as_str().unwrap_or_default();
        assert!(!summary.is_empty(), "{place} says not what it does");
        let is_secured = !operation["security"].is_null();
        let is_secret = path.starts_with("/v1/") && !is_for_pages(path, method);
        assert_eq!(is_secured, is_secret, "{place}");
    }
}

#[test]
fn a_form_or_purpose_at_its_own_address_need_not_name_itself_and_one_within_a_site_must() {
    let document: serde_json::Value = serde_json::from_str(&document()).expect("it is JSON");
    let schemas = &document["components"]["schemas"];
    let needs_key = |name: &str| {
        let required = schemas[name]["required"].as_array().expect("it has fields");
        required.contains(&"key".into())
    };
    for (path, name) in NAMED_BY_THEIR_ADDRESS {
        let body = &document["paths"][path]["put"]["requestBody"];
        let body = &body["content"]["application/json"]["schema"]["$ref"];
        assert_eq!(body, &format!("#/components/schemas/{name}Body"));
        assert!(needs_key(name), "{name}");
        assert!(!needs_key(&format!("{name}Body")), "{name}");
    }
}

/// What the widget asks, from anybody's browser.
fn is_for_pages(path: &str, method: &str) -> bool {
    path == "/v1/submissions" || (path == "/v1/sites/{site}/forms/{form}" && method == "get")
}

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Sayso collector",
        description = "Puts a person's consent on the record and hands it to the CRM. Errors are RFC 9457 problems.",
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
    ),
    paths(
        super::forms::show,
        super::forms::put,
        super::forms::delete,
        super::hosted::show,
        super::hosted::send,
        super::form_links::make,
        super::purposes::show,
        super::purposes::put,
        super::purposes::delete,
        super::submissions::record,
        super::consents::record,
        super::confirm::show,
        super::confirm::press,
        super::preferences::show,
        super::preferences::press,
        super::confirm::resend,
        super::unsubscribe::show,
        super::unsubscribe::press,
        super::link::show,
        super::link::press,
        super::receipts::show,
        super::receipts::download,
        super::events::show,
        super::check::check,
        super::export::export,
        super::subjects::look_up,
        super::subjects::erase,
        super::subjects::consents,
        super::subjects::evidence,
        super::admin::put_site,
        super::admin::get_site,
        super::connectors::list,
        super::connectors::show,
        super::connectors::put,
        super::connectors::delete,
        super::connectors::test,
        super::connectors::lists,
        super::connectors::dry_run,
        super::connectors::deliveries,
        super::connectors::resend,
        super::connectors::replay,
        super::connectors::disable,
        super::connectors::enable,
        super::endpoints::show,
        super::endpoints::put,
        super::endpoints::delete,
        super::endpoints::test,
        super::endpoints::rotate,
        super::endpoints::end_rotation,
        super::endpoints::disable,
        super::endpoints::enable,
        super::deliveries::show,
        super::deliveries::resend,
        super::deliveries::replay,
        super::admin::list_keys,
        super::admin::put_key,
        super::admin::delete_key,
        super::docs::jwks,
        super::docs::openapi,
        super::docs::health,
    ),
    components(schemas(sayso_shared::endpoint::EndpointTest)),
    tags(
        (name = "crm", description = "For a CRM, with a key of the site: what happened, how a person stands, and recording what was said elsewhere. Webhooks push the same events: see `collector/WEBHOOKS.md`."),
        (name = "admin", description = "For the operator, with the admin token or a key with `site:admin`: sites and their forms, endpoints and keys. Every PUT may be repeated."),
        (name = "widget", description = "What the widget asks from a visitor's browser."),
        (name = "visitor", description = "Pages for people: links in mails and the hosted form. A GET changes nothing."),
        (name = "everybody", description = "What everybody may know."),
    )
)]
struct Routes;
