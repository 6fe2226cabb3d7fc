//! What the visitor sees after the host form: thanks, and for the reader of this example all fields that arrived.

/// The page. What arrived is shown as text, whatever it holds.
pub(crate) fn page(fields: &[(String, String)]) -> String {
    let english = fields
        .iter()
        .any(|(name, value)| name == "lang" && value == "en");
    let words = if english {
        Words {
            lang: "en",
            title: "Thank you, your question has arrived",
            lead: "You hear from us within one working day.",
            fields: "This is what the form sent us",
            back: ("/web-form/en.html", "Back to the form"),
        }
    } else {
        Words {
            lang: "nl",
            title: "Dank u wel, uw vraag is binnen",
            lead: "U hoort binnen één werkdag van ons.",
            fields: "Dit stuurde het formulier ons",
            back: ("/web-form/", "Terug naar het formulier"),
        }
    };
    let mut rows = String::new();
    for (name, value) in fields {
        for piece in ["<dt>", &escape(name), "</dt><dd>", &escape(value), "</dd>"] {
            rows.push_str(piece);
        }
    }
    let Words {
        lang,
        title,
        lead,
        fields,
        back: (address, back),
    } = words;
    format!(
        r#"<!doctype html>
<html lang="{lang}">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>{title} · Wielrijk Fietsen</title>
    <link rel="icon" href="/logo.svg">
    <link rel="stylesheet" href="/site.css">
  </head>
  <body>
    <header><a class="brand" href="/"><img src="/logo.svg" alt=""> Wielrijk Fietsen</a></header>
    <main>
      <h1>{title}</h1>
      <p class="lead">{lead}</p>
      <section class="card" aria-labelledby="fields">
        <strong id="fields">{fields}</strong>
        <dl class="received" id="received">{rows}</dl>
      </section>
      <p><a href="{address}">{back}</a></p>
    </main>
  </body>
</html>
"#
    )
}

struct Words {
    lang: &'static str,
    title: &'static str,
    lead: &'static str,
    fields: &'static str,
    back: (&'static str, &'static str),
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(name: &str, value: &str) -> (String, String) {
        (name.to_owned(), value.to_owned())
    }

    #[test]
    fn the_page_shows_what_arrived_as_text() {
        let page = page(&[
            field("sayso-submission", "017f22e2"),
            field("question", "<script>alert(1)</script>"),
        ]);
        assert!(page.contains("<dt>sayso-submission</dt><dd>017f22e2</dd>"));
        assert!(page.contains("&lt;script&gt;") && !page.contains("<script>"));
    }

    #[test]
    fn who_wrote_in_english_is_thanked_in_english() {
        assert!(page(&[field("lang", "en")]).contains("Thank you"));
        assert!(page(&[]).contains("Dank u wel"));
    }
}
