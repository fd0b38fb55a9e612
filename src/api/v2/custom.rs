//! A product's `custom`, for the specification: native builds alone. It is read and written by `api/custom_fields.rs`.

use serde::Serialize;

use super::wire::values;
use crate::api::custom_fields::KINDS;

values! {
    InputType<'a>(&'a str) = {"type": "string", "enum": KINDS}
}

#[derive(Serialize, schemars::JsonSchema)]
#[schemars(rename = "CustomInput")]
pub(super) struct Input<'a> {
    /// What the buyer is asked for.
    name: &'a str,
    /// How the buyer answers.
    #[serde(rename = "type")]
    kind: InputType<'a>,
    /// Whether the buyer must answer.
    required: bool,
    /// What the buyer chooses from, when the type is `select`.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    options: &'a [String],
}
