//! What the route table (`routes.rs`) becomes: which scope a request needs, a `match` over paths and methods, and a list of the
//! routes for the specification.

macro_rules! routes {
    ($($tag:literal $path:tt { $(
        $(#[doc = $doc:literal])+
        $method:ident $scope:ident: $room:ident::$verb:ident $(($takes:ident))? -> $status:literal $gives:ty
        $(, or $refused:literal)*;
    )+ })+) => {
        /// What whoever asks for it must be allowed; `None` where the verb decides by what is asked for.
        pub(super) fn scope(method: Method, segments: &[&str]) -> Result<Option<Scope>, Failure> {
            match segments {
                $(pattern!($path) => match method {
                    $(Method::$method => Ok(needed!($scope)),)+
                    _ => Err(not_allowed(&[$(Method::$method),+])),
                },)+
                _ => Err(Failure::not_found()),
            }
        }

        pub(super) async fn route(call: &Call<'_>, segments: &[&str]) -> ApiResult {
            match segments {
                $($path => match call.request.method {
                    $(Method::$method => verb!($path, $room::$verb, call),)+
                    _ => Err(not_allowed(&[$(Method::$method),+])),
                },)+
                _ => Err(Failure::not_found()),
            }
        }

        #[cfg(not(target_arch = "wasm32"))]
        pub const ROUTES: &[super::openapi::Route] = &[$($(super::openapi::Route {
            tag: $tag,
            path: &segments!($path),
            method: Method::$method,
            id: concat!(stringify!($room), "_", stringify!($verb)),
            scope: needed!($scope),
            words: concat!($($doc, "\n"),+),
            takes: first!($(Some(|schemas| schemas.subschema_for::<super::openapi::$takes>()),)? None),
            status: $status,
            gives: |schemas| schemas.subschema_for::<$gives>(),
            refuses: &[$($refused),*],
        },)+)+];
    };
}

macro_rules! needed {
    (Topics) => {
        None
    };
    ($scope:ident) => {
        Some(Scope::$scope)
    };
}

/// The path, whatever stands in its places.
macro_rules! pattern {
    ([$($literal:literal),+]) => { [$($literal),+] };
    ([$($literal:literal,)+ $id:ident $(, $more:literal)*]) => { [$($literal,)+ _ $(, $more)*] };
}
