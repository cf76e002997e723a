//! One HTML page that needs nothing else: style, script and all data stand in it.

use super::RunReport;
use super::json::Report;

const PAGE: &str = include_str!("html/page.html");
const STYLE: &str = include_str!("html/page.css");
const SCRIPT: &str = include_str!("html/page.js");

/// The report as a page.
///
/// # Errors
///
/// What the JSON writer says.
pub(super) fn render(run: &RunReport) -> Result<String, String> {
    let data = serde_json::to_string(&Report::of(run)).map_err(|error| format!("failed to write JSON: {error}"))?;
    // In a script nothing but `<` can end it or begin a comment, and in JSON `<` stands in texts alone.
    let data = data.replace('<', "\\u003c");
    // The data goes in last, so that nothing in it is taken for a mark.
    Ok(PAGE.replace("/*style*/", STYLE).replace("/*script*/", SCRIPT).replacen("/*data*/", &data, 1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::fixture;

    fn page() -> String {
        render(&fixture::run()).expect("a page")
    }

    #[test]
    fn nothing_that_a_scenario_says_ends_the_data() {
        let page = page();
        let (_, rest) = page.split_once("<script type=\"application/json\" id=\"data\">").expect("data");
        let (data, _) = rest.split_once("</script>").expect("an end");
        let data: serde_json::Value = serde_json::from_str(data).expect("JSON");
        assert_eq!(data, serde_json::to_value(Report::of(&fixture::run())).expect("JSON"));
        let name = data["cases"][0]["name"].as_str().expect("a name");
        assert_eq!(name, format!("named {}", fixture::HOSTILE));
    }

    #[test]
    fn the_page_asks_nobody_for_anything() {
        let page = PAGE.to_owned() + STYLE + SCRIPT;
        for asks in ["http:", "https:", "src=", "@import", "url(", "fetch(", "XMLHttpRequest", "innerHTML", "eval("] {
            assert!(!page.contains(asks), "{asks}");
        }
    }
}
