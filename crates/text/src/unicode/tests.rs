//! Tests of the parent module.

use super::*;
use crate::{TextBuf, titles};

#[test]
fn properties_are_those_of_16_0() {
    let db = Database::Current;
    assert_eq!(db.category(0x41), "Lu");
    assert_eq!(db.category(0x1c89), "Lu");
    assert_eq!(Database::V3_2_0.category(0x1c89), "Cn");
    assert_eq!(db.decomposition(0xac01), "1100 1161 11A8");
    assert_eq!(db.decomposition(0xa0), "<noBreak> 0020");
    assert_eq!(db.numeric(0xbd), Some(0.5));
    assert_eq!(db.category(0x11_0000), "Cn");
}

#[test]
fn every_name_leads_back_to_its_code_point() {
    let mut named = 0;
    for code in 0..0x11_0000 {
        if let Some(name) = name(Database::Current, code) {
            named += 1;
            let found = lookup(Database::Current, name.as_bytes(), true);
            assert_eq!(found, Some(Found::Character(code)), "{name}");
        }
    }
    assert_eq!(named, 148_853);
}

#[test]
fn a_final_sigma_is_final() {
    let text = TextBuf::from("\u{391}\u{3a3} \u{391}\u{3a3}\u{391}");
    let expected = TextBuf::from("\u{3b1}\u{3c2} \u{3b1}\u{3c3}\u{3b1}");
    assert_eq!(titles::lower(text.as_units()), expected);
}

#[test]
fn normalization_orders_and_composes() {
    let text = TextBuf::from("a\u{301}\u{323}\u{fb01}");
    let normal = |form| normalize(Database::Current, text.as_units(), form).to_string();
    assert_eq!(normal(Form::Nfc), "\u{1ea1}\u{301}\u{fb01}");
    assert_eq!(normal(Form::Nfkd), "a\u{323}\u{301}fi");
}
