use proptest::prelude::*;

use super::*;
use crate::json::{ValueExt, to_text};

/// The pieces that JSON is made of, and some that only look so.
const PIECES: [&str; 44] = [
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "\"",
    "\\",
    "a",
    "\\n",
    "\\u0041",
    "\\ud83d",
    "\\ude00",
    "\\u",
    "0",
    "1",
    "-",
    ".",
    "e",
    "E",
    "+",
    "12.50",
    "1e400",
    "1E5",
    "true",
    "false",
    "null",
    " ",
    "\n",
    "\t",
    "é",
    "\u{1}",
    "\"a\"",
    "\"b\":1",
    "\"b\":",
    "[1,2]",
    "{}",
    "tru",
    "00",
    "\u{feff}",
    "-0",
    "\"$serde_json::private::Number\":",
    "\"7\"",
    "1.5",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]
    /// Only our limits and names of its own keep a text from being read as serde_json reads it.
    #[test]
    fn texts_made_of_jsons_own_pieces_are_read_as_serde_json_reads_them(
        pieces in prop::collection::vec(prop::sample::select(PIECES.to_vec()), 0..12)
    ) {
        let text = pieces.concat();
        match (parse(&text), serde_json::from_str::<Value>(&text)) {
            _ if text.contains("private") => {}
            (Ok(ours), Ok(theirs)) => {
                // It writes exponents its own way.
                let spelled = text.contains("1e400") || text.contains(['e', 'E']);
                prop_assert!(spelled || ours == theirs, "{text:?}: {ours:?} / {theirs:?}");
            }
            (Err(_), Err(_)) => {}
            (ours, theirs) => prop_assert!(false, "{text:?}: {ours:?} / {theirs:?}"),
        }
    }

    /// Also an object by whose only name serde_json passes on numbers is one of ours.
    #[test]
    fn what_is_written_is_read(name in "\\PC{0,9}", text in "\\PC{0,40}", n in any::<i64>(), flag in any::<bool>()) {
        for name in [name.as_str(), "$serde_json::private::Number", "$serde_json::private::RawValue"] {
            let inner = serde_json::json!({name: text});
            let value = serde_json::json!({name: inner, "list": [n, flag, null, {"deep": text}, inner], "": ""});
            prop_assert_eq!(parse(&to_text(&value)), Ok(value));
        }
    }

    #[test]
    fn nothing_makes_it_panic(text in "\\PC*") {
        let _ = parse(&text);
    }
}

#[test]
fn errors_say_where() {
    for (text, line, column, reason) in [
        ("{\n  \"a\": 1,\n  \"é\" 2}", 3, 7, "expected a colon"),
        ("{\"a\":", 1, 6, TOO_SOON),
        ("", 1, 1, TOO_SOON),
        (" \n", 2, 1, TOO_SOON),
        ("[\"é", 1, 4, TOO_SOON),
        ("[1,]", 1, 4, NO_VALUE),
        ("[tru", 1, 2, NO_VALUE),
        ("[é]", 1, 2, NO_VALUE),
        ("\n[nul!]", 2, 2, NO_VALUE),
        ("\u{feff}{}", 1, 1, NO_VALUE),
        ("{\"a\":1,}", 1, 8, NO_NAME),
        ("{a:1}", 1, 2, NO_NAME),
        ("{\"a\":1 \"b\":2}", 1, 8, NO_COMMA_IN_OBJECT),
        ("{\"a\":01}", 1, 7, NO_COMMA_IN_OBJECT),
        ("[1 2]", 1, 4, NO_COMMA_IN_ARRAY),
        ("[00]", 1, 3, NO_COMMA_IN_ARRAY),
        ("01", 1, 2, TRAILING),
        ("{} x", 1, 4, TRAILING),
        ("[1.]", 1, 4, "expected a digit"),
        ("[-é]", 1, 3, "expected a digit"),
        ("[1e+]", 1, 5, "expected a digit"),
        ("[\"\\x\"]", 1, 4, "unknown escape"),
        ("[\"é\\u12g4\"]", 1, 6, "expected four hex digits"),
        ("[\"\\ud83d\"]", 1, 9, "half of a surrogate pair"),
        ("[\"\\ude00\"]", 1, 9, "half of a surrogate pair"),
        ("[\"\\ud83d\\n\"]", 1, 10, "half of a surrogate pair"),
        ("[\"\\ud83d\\u0041\"]", 1, 15, "half of a surrogate pair"),
        ("[\"\\u12", 1, 5, "expected four hex digits"),
        ("[\"\\ud83d\\ué", 1, 11, "expected four hex digits"),
        ("[\"\\ud83d", 1, 9, "half of a surrogate pair"),
        ("[\"\\ud83d\\", 1, 10, "half of a surrogate pair"),
        ("[\"\\\\u12", 1, 8, TOO_SOON),
        ("[\"\\ud83d\\ude00", 1, 15, TOO_SOON),
        ("[\"a\nb\"]", 1, 4, "a control character must be escaped"),
    ] {
        assert_eq!(parse(text), Err(Malformed { reason, line, column }), "{text:?}");
    }
}

#[test]
fn what_nobody_sends_is_refused() {
    for (open, close, each) in [("[", "]", 1), ("{\"a\":", "}", 1), ("[{\"[\\\"{\":", "}]", 2)] {
        let nested = |levels: usize, inner: &str| {
            let count = levels / each;
            parse(&format!("{}{inner}{}", open.repeat(count), close.repeat(count)))
        };
        assert!(nested(64, "1.5e3").is_ok(), "a number is no level");
        for inner in ["[]", "{}", "{\"a\":1.5}", "[[", "{\"a\" 1}"] {
            let error = nested(64, inner).unwrap_err();
            assert_eq!((error.reason, error.column), (TOO_DEEP, 64 / each * open.len() + 1), "{open} {inner}");
        }
    }
    assert_eq!(parse(&"[".repeat(100_000)).unwrap_err().reason, TOO_DEEP);
    assert_eq!(parse(&"{\"a\":".repeat(100_000)).unwrap_err().reason, TOO_DEEP);
    let wide = |fields: usize| (0..fields).map(|n| format!("\"{n}\":{n}")).collect::<Vec<_>>().join(",");
    assert!(parse(&format!("{{{}}}", wide(WIDEST))).is_ok());
    let error = parse(&format!("[{{{},\"a\":1}}]", wide(WIDEST + 1))).unwrap_err();
    let column = wide(WIDEST + 1).len() + 3;
    assert_eq!(error, Malformed { reason: "too many fields in one object", line: 1, column });
}

#[test]
fn of_two_names_the_last_counts_where_people_write() {
    let value = parse(r#"{"a":1,"b":{"c":2,"c":[]},"\u0061":12.50}"#).unwrap();
    assert_eq!(value.to_text(), r#"{"a":12.50,"b":{"c":[]}}"#, "in the place of the first");
}

#[test]
fn numbers_keep_their_digits() {
    let text = r#"{"a":12.50,"b":[123456789012345678901234567890.10,-0,1E5,"1E7\"2e2",1e+5,0e-00],"e\"1e9":1e5}"#;
    assert_eq!(parse(text).unwrap().to_text(), text);
}
