//! The OpenAPI 3.1 description, made of the same table as the routes.

use http::Method;
use schemars::generate::SchemaSettings;
use schemars::{Schema, SchemaGenerator, json_schema};
use serde_json::{Map, Value, json};

use super::asked::LIMIT_MOST;
use super::problem::Problem;
use super::{BASE, Operation, operations, schema};
use crate::app::form::Form;
use crate::app::recall::LINK_NAME;
use crate::id::{CaseId, ClockId, ContactId, EvidenceId, InstantId, LeadId, NoticeId};

/// What an operation may answer beside its own answer.
const PROBLEMS: [(&str, &str); 9] = [
    ("400", "The request cannot be read."),
    ("401", "There is no token, or none that holds."),
    ("403", "No role of the token lets it do this."),
    ("404", "There is no such thing, or not for this token."),
    (
        "409",
        "Something else goes on, or a person has to decide first.",
    ),
    ("413", "The body is too large."),
    ("415", "The body is not JSON."),
    ("422", "A field says what cannot be."),
    ("500", "It was tried and failed."),
];

/// The description of every operation.
pub fn description() -> Value {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.definitions_path = "/components/schemas".into();
    });
    let mut generator = settings.into_generator();
    let problem = schema::<Problem>(&mut generator);
    let mut paths: Map<String, Value> = Map::new();
    for operation in operations() {
        let method = operation.method.as_str().to_lowercase();
        let described = describe(&operation, &mut generator, &problem);
        let path = paths.entry(operation.path).or_insert_with(|| json!({}));
        if let Some(path) = path.as_object_mut() {
            path.insert(method, described);
        }
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Cordon",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Everything that the pages and the command line do, except what a person decides or what makes a way in. Texts that come from outside are marked as hostile: escape them.",
        },
        "servers": [{ "url": BASE }],
        "security": [{ "token": [] }],
        "paths": paths,
        "components": {
            "securitySchemes": { "token": { "type": "http", "scheme": "bearer" } },
            "schemas": generator.take_definitions(true),
        },
    })
}

/// What a part of the path looks like.
fn segment(name: &str, generator: &mut SchemaGenerator) -> Schema {
    match name {
        "case" => schema::<CaseId>(generator),
        "clock" => schema::<ClockId>(generator),
        "contact" => schema::<ContactId>(generator),
        "evidence" => schema::<EvidenceId>(generator),
        "instant" => schema::<InstantId>(generator),
        "lead" => schema::<LeadId>(generator),
        "notice" => schema::<NoticeId>(generator),
        "comment" | "delay" | "suggestion" => schema::<u32>(generator),
        "form" => json_schema!({ "type": "string", "enum": Form::KNOWN.map(Form::word) }),
        "from" | "to" => {
            json_schema!({ "type": "string", "pattern": "^([0-9a-f]{64}|first|last)$" })
        }
        "link" => {
            json_schema!({ "type": "string", "pattern": format!("^[0-9a-f]{{{LINK_NAME}}}$") })
        }
        _ => json_schema!({ "type": "string", "pattern": "^[0-9A-Za-z][0-9A-Za-z._-]{0,199}$" }),
    }
}

fn describe(operation: &Operation, generator: &mut SchemaGenerator, problem: &Schema) -> Value {
    let roles: Vec<_> = operation
        .needs
        .roles()
        .iter()
        .map(|role| role.name())
        .collect();
    let mut parameters: Vec<Value> = operation
        .path
        .split(['{', '}'])
        .skip(1)
        .step_by(2)
        .map(|name| json!({ "name": name, "in": "path", "required": true, "schema": segment(name, generator) }))
        .collect();
    if operation.paged {
        let limit = json!({ "type": "integer", "minimum": 1, "maximum": LIMIT_MOST });
        parameters.push(json!({ "name": "limit", "in": "query", "schema": limit }));
        parameters.push(
            json!({ "name": "cursor", "in": "query", "schema": { "type": "string" },
            "description": "The `next` of the page before." }),
        );
    }
    if operation.method == Method::POST && operation.gives.is_none() {
        parameters.push(json!({ "name": "Idempotency-Key", "in": "header",
            "schema": { "type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$" },
            "description": "A request of the same key is carried out once within 24 hours." }));
    }
    let content = |media_type: &str, schema: &Value| json!({ media_type: { "schema": schema } });
    let mut responses = Map::new();
    let answer = match operation.gives {
        // Bytes as they are: OpenAPI 3.1 describes them by their media type alone.
        Some(media_type) => json!({ media_type: {} }),
        None => content(
            "application/json",
            &Value::from((operation.answer)(generator)),
        ),
    };
    let ok = json!({ "description": "Done.", "content": answer });
    responses.insert(operation.status.as_u16().to_string(), ok);
    let problem = Value::from(problem.clone());
    for (status, description) in PROBLEMS {
        let content = content("application/problem+json", &problem);
        let said = json!({ "description": description, "content": content });
        responses.insert(status.to_owned(), said);
    }
    let mut described = json!({
        "operationId": operation.name,
        "summary": operation.about,
        "description": format!("Roles that may: {}.", roles.join(", ")),
        "parameters": parameters,
        "responses": responses,
    });
    if let (Some(body), Some(fields)) = (operation.body, described.as_object_mut()) {
        let body = Value::from(body(generator));
        let body = json!({ "required": true, "content": content("application/json", &body) });
        fields.insert("requestBody".to_owned(), body);
    }
    described
}
