//! A bar chart of speed ratios on a logarithmic axis, as SVG.

use std::fmt::Write as _;

/// One benchmark with its ratio for each series; a missing ratio leaves a gap.
pub(crate) struct Row {
    pub(crate) label: String,
    pub(crate) ratios: Vec<Option<f64>>,
}

const COLOURS: [&str; 3] = ["#d9730d", "#2f6f9f", "#6b6b6b"];
const LEFT: f64 = 190.0;
const WIDTH: f64 = 560.0;
const BAR: f64 = 9.0;

/// Bars that grow to both sides of 1: right is faster than the base, left is slower.
pub(crate) fn bars(title: &str, series: &[&str], rows: &[Row]) -> String {
    let ratios = rows.iter().flat_map(|row| row.ratios.iter().flatten());
    let reach = ratios.map(|ratio| ratio.log2().abs()).fold(1.0, f64::max).ceil().min(8.0);
    let x = |ratio: f64| LEFT + WIDTH * (ratio.log2().clamp(-reach, reach) + reach) / (2.0 * reach);
    let step = BAR * series.len() as f64 + 7.0;
    let top = 62.0;
    let bottom = top + step * rows.len() as f64;
    let (width, height) = (LEFT + WIDTH + 60.0, bottom + 28.0);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height:.0}\" \
         font-family=\"sans-serif\" font-size=\"11\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n\
         <text x=\"10\" y=\"20\" font-size=\"15\">{}</text>\n",
        escape(title)
    );
    for (index, name) in series.iter().enumerate() {
        let left = 10.0 + 150.0 * index as f64;
        let colour = COLOURS[index % COLOURS.len()];
        let _ = writeln!(
            svg,
            "<rect x=\"{left}\" y=\"30\" width=\"10\" height=\"10\" fill=\"{colour}\"/>\
             <text x=\"{}\" y=\"39\">{}</text>",
            left + 15.0,
            escape(name)
        );
    }
    for power in -(reach as i32)..=(reach as i32) {
        let ratio = f64::from(power).exp2();
        let label = if power < 0 { format!("1/{}", 1 << -power) } else { (1 << power).to_string() };
        let stroke = if power == 0 { "black" } else { "#dddddd" };
        let at = x(ratio);
        let _ = writeln!(
            svg,
            "<line x1=\"{at:.1}\" x2=\"{at:.1}\" y1=\"{}\" y2=\"{bottom:.0}\" stroke=\"{stroke}\"/>\
             <text x=\"{at:.1}\" y=\"{:.0}\" text-anchor=\"middle\">{label}</text>",
            top - 6.0,
            bottom + 16.0
        );
    }
    for (number, row) in rows.iter().enumerate() {
        let y = top + step * number as f64;
        let _ = writeln!(
            svg,
            "<text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
            LEFT - 8.0,
            y + BAR,
            escape(&row.label)
        );
        for (index, ratio) in row.ratios.iter().enumerate() {
            let Some(ratio) = *ratio else { continue };
            let (from, to) = (x(1.0).min(x(ratio)), x(1.0).max(x(ratio)));
            let y = y + BAR * index as f64;
            let _ = writeln!(
                svg,
                "<rect x=\"{from:.1}\" y=\"{y:.1}\" width=\"{:.1}\" height=\"{}\" fill=\"{}\"/>\
                 <text x=\"{:.1}\" y=\"{:.1}\" font-size=\"8\">{ratio:.2}</text>",
                (to - from).max(0.5),
                BAR - 1.0,
                COLOURS[index % COLOURS.len()],
                to + 3.0,
                y + BAR - 2.0
            );
        }
    }
    svg + "</svg>\n"
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_ratio_gets_a_bar() {
        let rows = [Row { label: "a<b".to_owned(), ratios: vec![Some(2.0), None, Some(0.5)] }];
        let svg = bars("t", &["x", "y", "z"], &rows);
        // Background, three legend squares, two bars.
        assert_eq!(svg.matches("<rect").count(), 6);
        assert!(svg.contains("a&lt;b") && svg.ends_with("</svg>\n"));
    }
}
