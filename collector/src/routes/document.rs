//! The OpenAPI document, made from the routes and the types of `shared`. It is made here, natively, and kept in `openapi.json`, which the
//! Worker serves: a document that is always the same need not be put together at the edge.

use std::{env, fs, path::Path};

use utoipa::{
    OpenApi,
    openapi::{
        ContentBuilder, Ref, ResponseBuilder,
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
            .description(Some("An API key `sk_…`, or the admin token"))
            .build(),
    );
    describe_failures(&mut document);
    document
        .components
        .get_or_insert_default()
        .security_schemes
        .insert("key".to_owned(), key.into());
    let mut text = document.to_pretty_json().expect("it is JSON");
    text.push('\n');
    text
}

/// What any route may answer: said once here instead of at each.
fn describe_failures(document: &mut utoipa::openapi::OpenApi) {
    let problem = |description: &str| {
        let content = ContentBuilder::new()
            .schema(Some(Ref::from_schema_name("Problem")))
            .build();
        ResponseBuilder::new()
            .description(description)
            .content("application/problem+json", content)
            .build()
    };
    for path in document.paths.paths.values_mut() {
        let operations = [
            &mut path.get,
            &mut path.put,
            &mut path.post,
            &mut path.delete,
        ];
        for operation in operations.into_iter().flatten() {
            let responses = &mut operation.responses.responses;
            let faults = [
                ("500", "The collector failed; send the same again"),
                (
                    "503",
                    "Not configured, the problem names the variable; or a part did not answer: repeat it",
                ),
            ];
            for (status, description) in faults {
                responses.insert(status.to_owned(), problem(description).into());
            }
        }
    }
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
    components(schemas(sayso_shared::endpoint::EndpointTest))
)]
struct Routes;
