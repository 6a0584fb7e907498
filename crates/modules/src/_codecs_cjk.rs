//! `_codecs_cn`, `_codecs_hk`, `_codecs_iso2022`, `_codecs_jp`, `_codecs_kr` and
//! `_codecs_tw`: which multibyte codec is found in which module.

use macros::pymodule;
use object::{Obj, Ref, Result, Str, Thread, raise};

use crate::_multibytecodec::MultibyteCodec;

fn find(th: Thread<'_>, encoding: Obj<'_>, here: &[&str]) -> Result<Ref<MultibyteCodec>> {
    let Some(name) = encoding.downcast::<Str>() else {
        raise!(th, TypeError, "encoding name must be a string.");
    };
    let name = name.to_string();
    if here.contains(&name.as_str())
        && let Some(codec) = MultibyteCodec::from_name(th, &name)?
    {
        return Ok(codec);
    }
    raise!(th, LookupError, "no such codec is supported.")
}

macro_rules! modules {
    ($($name:ident: $($codec:literal)*;)*) => { $(
        #[pymodule]
        pub mod $name {
            use super::*;

            #[sig = "(encoding, /)"]
            fn getcodec(th: Thread<'_>, encoding: Obj<'_>) -> Result<Ref<MultibyteCodec>> {
                find(th, encoding, &[$($codec),*])
            }
        }
    )* };
}

modules! {
    _codecs_cn: "gb2312" "gbk" "gb18030" "hz";
    _codecs_hk: "big5hkscs";
    _codecs_iso2022: "iso2022_kr" "iso2022_jp" "iso2022_jp_1" "iso2022_jp_2" "iso2022_jp_2004"
        "iso2022_jp_3" "iso2022_jp_ext";
    _codecs_jp: "shift_jis" "cp932" "euc_jp" "shift_jis_2004" "euc_jis_2004" "euc_jisx0213"
        "shift_jisx0213";
    _codecs_kr: "euc_kr" "cp949" "johab";
    _codecs_tw: "big5" "cp950";
}
