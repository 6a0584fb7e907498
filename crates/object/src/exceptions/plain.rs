//! Plain exception types that are bases of types with a struct of their own.

use crate::{PyStruct, Type};

use super::{base::BaseException, types};

macro_rules! bases {
    ($($name:ident),*) => { $(
        #[doc = concat!("An instance of `", stringify!($name), "`.")]
        #[repr(transparent)]
        pub(super) struct $name(BaseException);

        // SAFETY: transparent over `BaseException`, the layout of the type's instances.
        unsafe impl PyStruct for $name {
            fn type_object() -> &'static Type {
                types::$name()
            }
        }
    )* };
}

bases!(Exception, LookupError, UnicodeError);
