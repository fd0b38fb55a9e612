//! What a dialect's route table (`routes.rs`) becomes: a `match` over paths and methods, and a list of
//! the routes for its specification.

/// A line of a route table.
#[cfg(not(target_arch = "wasm32"))]
pub struct Route {
    pub tag: &'static str,
    pub path: &'static [&'static str],
    pub method: crate::http::Method,
    /// Room and verb.
    pub id: &'static str,
    /// Its summary, an empty line, and its description.
    pub words: &'static str,
    pub takes: Option<SchemaOf>,
    pub status: u16,
    pub gives: SchemaOf,
    /// Refusals that not every route of its kind has.
    pub refuses: &'static [u16],
}

#[cfg(not(target_arch = "wasm32"))]
pub type SchemaOf = fn(&mut schemars::SchemaGenerator) -> schemars::Schema;

macro_rules! routes {
    ($($tag:literal $path:tt { $(
        $(#[doc = $doc:literal])+
        $method:ident: $room:ident::$verb:ident $(($takes:ident))? -> $status:literal $gives:ty
        $(, or $refused:literal)*;
    )+ })+) => {
        pub(super) async fn route(call: &Call<'_>, segments: &[&str]) -> ApiResult {
            match segments {
                $($path => match call.request.method {
                    $(Method::$method => verb!($path, $room::$verb, call),)+
                    _ => not_allowed(&[$(Method::$method),+]),
                },)+
                _ => Err(Failure::not_found()),
            }
        }

        #[cfg(not(target_arch = "wasm32"))]
        pub const ROUTES: &[crate::api::route::Route] = &[$($(crate::api::route::Route {
            tag: $tag,
            path: &segments!($path),
            method: Method::$method,
            id: concat!(stringify!($room), "_", stringify!($verb)),
            words: concat!($($doc, "\n"),+),
            takes: first!($(Some(|schemas| schemas.subschema_for::<super::openapi::$takes>()),)? None),
            status: $status,
            gives: |schemas| schemas.subschema_for::<$gives>(),
            refuses: &[$($refused),*],
        },)+)+];
    };
}

macro_rules! verb {
    ([$($literal:literal),+], $room:ident::$verb:ident, $call:ident) => {
        boxed(Box::pin($room::$verb($call))).await
    };
    ([$($literal:literal,)+ $id:ident $(, $more:literal)*], $room:ident::$verb:ident, $call:ident) => {
        boxed(Box::pin($room::$verb($call, $id))).await
    };
}

#[cfg(not(target_arch = "wasm32"))]
macro_rules! segments {
    ([$($literal:literal),+]) => { [$($literal),+] };
    ([$($literal:literal,)+ $id:ident $(, $more:literal)*]) => {
        [$($literal,)+ concat!("{", stringify!($id), "}") $(, $more)*]
    };
}

#[cfg(not(target_arch = "wasm32"))]
macro_rules! first {
    ($first:expr $(, $other:expr)?) => {
        $first
    };
}
