//! Numbers of headers: octal digits, or base 256 where the first bit is set (a GNU extension that all readers know).

use super::TarProblem;

/// A number that may be negative.
pub(super) fn signed(field: &[u8], name: &'static str) -> Result<i64, TarProblem> {
    let wrong = || TarProblem::Number(name);
    let Some(first) = field.first().filter(|first| **first & 0x80 != 0) else {
        return octal(field, name).and_then(|value| i64::try_from(value).map_err(|_| wrong()));
    };
    // Two's complement over the whole field but for the mark, which is the first bit.
    let start = if first & 0x40 == 0 { first & 0x7f } else { first | 0x80 };
    field[1..].iter().try_fold(i64::from(start.cast_signed()), |value, byte| {
        value.checked_mul(256).and_then(|it| it.checked_add(i64::from(*byte))).ok_or_else(wrong)
    })
}

/// A number that may not.
pub(super) fn unsigned(field: &[u8], name: &'static str) -> Result<u64, TarProblem> {
    u64::try_from(signed(field, name)?).map_err(|_| TarProblem::Number(name))
}

/// Octal digits with spaces and NULs around them; nothing at all is 0.
fn octal(field: &[u8], name: &'static str) -> Result<u64, TarProblem> {
    let blank = |byte: &u8| matches!(byte, b' ' | 0);
    let start = field.iter().position(|byte| !blank(byte)).unwrap_or(field.len());
    let rest = &field[start..];
    // What stands after a NUL is of no account: some programs leave old bytes there.
    let digits = &rest[..rest.iter().position(blank).unwrap_or(rest.len())];
    digits.iter().try_fold(0_u64, |value, byte| {
        let digit = byte.checked_sub(b'0').filter(|digit| *digit < 8).ok_or(TarProblem::Number(name))?;
        value.checked_mul(8).and_then(|it| it.checked_add(u64::from(digit))).ok_or(TarProblem::Number(name))
    })
}

/// Decimal digits, as pax records have them.
pub(super) fn decimal(text: &[u8], name: &'static str) -> Result<u64, TarProblem> {
    let text = std::str::from_utf8(text).map_err(|_| TarProblem::Number(name))?;
    let plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| plain).ok_or(TarProblem::Number(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn f096_numbers_in_every_form() {
        let rows: [(&str, &[u8], Option<i64>); 13] = [
            ("usual", b"0000644\0", Some(0o644)),
            ("spaces before", b"   644 \0", Some(0o644)),
            ("full width", b"77777777777\x37", Some(0o777_777_777_777)),
            ("nothing", b"\0\0\0\0", Some(0)),
            ("old bytes behind the NUL", b"12\0zz", Some(0o12)),
            ("no octal digit", b"0000089\0", None),
            ("a sign", b"-000001\0", None),
            ("base 256", b"\x80\0\0\0\0\0\0\0\0\0\x01\x02", Some(258)),
            ("base 256, large", b"\x80\0\0\0\x7f\xff\xff\xff\xff\xff\xff\xff", Some(i64::MAX)),
            ("base 256, too large", b"\x80\0\0\0\x80\0\0\0\0\0\0\0", None),
            ("base 256, -1", b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", Some(-1)),
            ("base 256, -256", b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\0", Some(-256)),
            ("base 256, all bits", b"\xbf\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", None),
        ];
        for (name, field, want) in rows {
            assert_eq!(signed(field, "x").ok(), want, "{name}");
            let positive = want.and_then(|value| u64::try_from(value).ok());
            assert_eq!(unsigned(field, "x").ok(), positive, "{name}, unsigned");
        }
    }

    #[test]
    fn decimals_are_digits_alone() {
        for (text, want) in
            [("7", Some(7)), ("007", Some(7)), ("", None), ("+7", None), ("7 ", None), ("-1", None)]
        {
            assert_eq!(decimal(text.as_bytes(), "x").ok(), want, "{text:?}");
        }
        assert!(decimal(b"18446744073709551616", "x").is_err());
    }
}
