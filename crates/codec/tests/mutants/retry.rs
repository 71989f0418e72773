//! The value of a `retry` line, and how it is misread.

use eventwire_codec::MAX_RETRY;

use super::fault::Fault;

/// "If the field value consists of only ASCII digits, then interpret the field value as an integer in base ten."
pub(crate) fn milliseconds(value: &str, fault: Option<Fault>) -> Option<u64> {
    let digits = match fault {
        Some(Fault::RetryAsInt) => as_int(value)?,
        Some(Fault::RetryAsParseInt) => {
            let digits = value.trim_start().trim_start_matches('+');
            digits
                .chars()
                .take_while(char::is_ascii_digit)
                .collect::<String>()
        }
        Some(Fault::RetryAsNumber) => return as_number(value.trim()),
        Some(Fault::RetryTrimmed) => value.trim().to_owned(),
        Some(Fault::RetrySigned) => value.trim_start_matches('+').to_owned(),
        Some(Fault::RetryUnicodeDigits) => of_any_script(value)?,
        Some(Fault::RetryEmptyIsZero) if value.is_empty() => "0".to_owned(),
        _ => value.to_owned(),
    };
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let base = match fault {
        Some(Fault::RetryOctal) if digits.len() > 1 && digits.starts_with('0') => 8,
        _ => 10,
    };
    let (mut number, mut wrapped) = (0_u128, 0_u64);
    for digit in digits.chars() {
        let digit = digit.to_digit(base)?;
        number = number
            .saturating_mul(base.into())
            .saturating_add(digit.into());
        wrapped = wrapped.wrapping_mul(10).wrapping_add(digit.into());
    }
    let limit = match fault {
        Some(Fault::RetryWraps32) => return Some(wrapped & u64::from(u32::MAX)),
        Some(Fault::RetryWraps64) => return Some(wrapped.min(MAX_RETRY)),
        Some(Fault::RetryTooLargeIgnored) if number > u64::MAX.into() => return None,
        Some(Fault::RetryZeroIgnored) if number == 0 => return None,
        Some(Fault::RetryFewDigits) if digits.len() > 20 => return None,
        Some(Fault::RetryBeyond53) => u64::MAX,
        Some(Fault::RetrySigned32) => i32::MAX as u64,
        _ => MAX_RETRY,
    };
    Some(u64::try_from(number).unwrap_or(u64::MAX).min(limit))
}

/// What `int()` takes, as its digits; a negative number is none here either.
fn as_int(value: &str) -> Option<String> {
    let digits = value.trim().trim_start_matches('+');
    if digits.starts_with('_') || digits.ends_with('_') || digits.contains("__") {
        return None;
    }
    of_any_script(&digits.replace('_', ""))
}

/// Digits of the scripts that the fixtures have, as ASCII digits.
fn of_any_script(value: &str) -> Option<String> {
    let digit = |c: char| {
        let zeros = ['0', '\u{660}', '\u{6F0}', '\u{966}', '\u{FF10}'];
        let of = |zero: char| {
            (c as u32)
                .checked_sub(zero as u32)
                .filter(|digit| *digit < 10)
        };
        let digit = zeros.into_iter().find_map(of);
        digit.and_then(|digit| char::from_digit(digit, 10))
    };
    value.chars().map(digit).collect()
}

fn as_number(value: &str) -> Option<u64> {
    if value.is_empty() {
        return Some(0);
    }
    if let Some(hex) = value.strip_prefix("0x") {
        return u64::from_str_radix(hex, 16).ok();
    }
    let number: f64 = value.parse().ok()?;
    (number >= 0.0).then_some((number as u64).min(MAX_RETRY))
}
