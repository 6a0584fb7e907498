//! Compares every struct and constant with the tables measured from CPython's headers.

use std::collections::HashMap;

/// The halves of a union that are other names for the same bytes.
const ALIASES: [(&str, &str); 2] = [("PyObject", "ob_refcnt_full"), ("PyObject", "_aligner")];

#[test]
fn structs_have_the_measured_layout() {
    let mut measured: HashMap<&str, (usize, HashMap<&str, (usize, usize)>)> = HashMap::new();
    for line in include_str!("abi_layout.tsv").lines().skip(1) {
        let columns: Vec<&str> = line.split('\t').collect();
        let [name, field, offset, size, ..] = columns[..] else { panic!("short row: {line}") };
        if field.contains('.') || ALIASES.contains(&(name, field)) {
            continue;
        }
        let size: usize = size.parse().unwrap();
        let entry = measured.entry(name).or_default();
        if field == "<sizeof>" {
            entry.0 = size;
        } else {
            entry.1.insert(field, (offset.parse().unwrap(), size));
        }
    }
    let mut compared = 0;
    for layout in abi::LAYOUTS.iter().copied().flatten() {
        let (size, fields) = &measured[layout.name];
        assert_eq!(layout.size, *size, "size of {}", layout.name);
        for (field, offset, size) in layout.fields {
            let field = field.strip_prefix("r#").unwrap_or(field);
            let name = layout.name;
            let expected = fields.get(field).unwrap_or_else(|| panic!("no {name}.{field}"));
            assert_eq!((*offset, *size), *expected, "{name}.{field}");
            compared += 1;
        }
        assert_eq!(layout.fields.len(), fields.len(), "fields of {}", layout.name);
    }
    assert!(compared > 600, "only {compared} fields compared");
}

#[test]
fn constants_have_the_measured_value() {
    let measured: HashMap<&str, i128> = include_str!("abi_constants.tsv")
        .lines()
        .skip(1)
        .filter_map(|line| {
            let mut columns = line.split('\t');
            Some((columns.next()?, columns.next()?.parse().ok()?))
        })
        .collect();
    for (name, value) in abi::CONSTANTS {
        let expected = measured[name];
        let wrapped = i128::from(expected as u64);
        assert!(*value == expected || *value == wrapped, "{name}: {value} is not {expected}");
    }
}
