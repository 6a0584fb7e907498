//! Builtin types have the sizes, offsets and slots that CPython's have.
//!
//! `known.txt` lists the differences that are on purpose, one `type.what` a
//! line with its reason; a difference that is not listed fails, and so does a
//! line that no longer applies.

use std::{collections::BTreeSet, fmt::Write};

use object::{Type, alloc::Mode, thread::boot, types};

const TABLE: &str = include_str!("../../abi/tests/builtin_type_slots.tsv");
const KNOWN: &str = include_str!("known.txt");

struct Row<'a> {
    name: &'a str,
    basicsize: isize,
    itemsize: isize,
    slots: BTreeSet<&'a str>,
}

fn rows() -> impl Iterator<Item = Row<'static>> {
    TABLE.lines().skip(1).filter_map(|line| {
        let fields: Vec<&str> = line.split('\t').collect();
        Some(Row {
            name: fields.first()?,
            basicsize: fields.get(2)?.parse().ok()?,
            itemsize: fields.get(3)?.parse().ok()?,
            slots: fields.get(9)?.split_whitespace().collect(),
        })
    })
}

fn filled(ty: &Type, row: &object::slots::Row) -> bool {
    types::type_::ready::slot_value(ty, row) != 0
}

#[test]
fn builtin_types_match_the_measured_table() {
    let th = boot(Mode::default());
    let _ = th;
    let mut found = BTreeSet::new();
    for decl in types::builtin_types() {
        let ty = (decl.ty)();
        let Some(row) = rows().find(|row| row.name == ty.full_name()) else { continue };
        let slots = ty.slots();
        if slots.tp_basicsize != row.basicsize {
            found.insert(format!("{}.tp_basicsize", row.name));
        }
        if slots.tp_itemsize != row.itemsize {
            found.insert(format!("{}.tp_itemsize", row.name));
        }
        for slot in object::slots::ROWS {
            // The table shows slots before they are inherited from `object`.
            let inherited = types::object_type();
            let ours = filled(ty, slot)
                && types::type_::ready::slot_value(ty, slot)
                    != types::type_::ready::slot_value(inherited, slot);
            let theirs = row.slots.contains(slot.slot);
            let generic = filled(inherited, slot);
            if ours != theirs && !generic {
                found.insert(format!("{}.{}", row.name, slot.slot));
            }
        }
    }
    let known: BTreeSet<String> = KNOWN
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_whitespace().next().map(str::to_owned))
        .collect();
    let mut report = String::new();
    for name in found.difference(&known) {
        let _ = writeln!(report, "differs: {name}");
    }
    for name in known.difference(&found) {
        let _ = writeln!(report, "listed but equal: {name}");
    }
    assert!(report.is_empty(), "\n{report}");
}
