//! Text that is not UTF-8, by its first bytes.

use super::input::malformed;
use crate::error::Error;

/// Bytes that tell.
pub(super) const TELLING_BYTES: usize = 4;

/// Refuses text in an encoding that is told by a byte order mark, or by the zeros beside its first characters.
pub(super) fn refuse_foreign(head: &[u8], name: &str) -> Result<(), Error> {
    let Some((encoding, iconv)) = foreign(head) else { return Ok(()) };
    Err(malformed(name, &format!("it is {encoding}, and text is read as UTF-8"))
        .suggest(format!("Convert the file to UTF-8, for example with iconv -f {iconv} -t UTF-8.")))
}

fn foreign(head: &[u8]) -> Option<(&'static str, &'static str)> {
    Some(match head {
        [0xff, 0xfe, 0, 0, ..] | [0, 0, 0xfe, 0xff, ..] => ("UTF-32", "UTF-32"),
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => ("UTF-16", "UTF-16"),
        [1..=0x7f, 0, 0, 0, ..] => ("UTF-32 (little endian)", "UTF-32LE"),
        [0, 0, 0, 1..=0x7f, ..] => ("UTF-32 (big endian)", "UTF-32BE"),
        [1..=0x7f, 0, 1..=0x7f, 0, ..] => ("UTF-16 (little endian)", "UTF-16LE"),
        [0, 1..=0x7f, 0, 1..=0x7f, ..] => ("UTF-16 (big endian)", "UTF-16BE"),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::foreign;

    #[rstest]
    #[case(b"\xff\xfe[\0", Some("UTF-16"))]
    #[case(b"\xfe\xff\0[", Some("UTF-16"))]
    #[case(b"[\0{\0", Some("UTF-16LE"))]
    #[case(b"\0a\0,", Some("UTF-16BE"))]
    #[case(b"\xff\xfe\0\0", Some("UTF-32"))]
    #[case(b"[\0\0\0", Some("UTF-32LE"))]
    #[case(b"\0\0\0[", Some("UTF-32BE"))]
    #[case(b"a,b\n", None)]
    #[case(b"\xef\xbb\xbfa", None)]
    #[case(b"\xff\xff\xff\xff", None)]
    #[case(b"", None)]
    fn tells_encodings(#[case] head: &[u8], #[case] iconv: Option<&str>) {
        assert_eq!(foreign(head).map(|(_, iconv)| iconv), iconv);
    }
}
