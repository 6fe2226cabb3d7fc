//! Made from ICU4X by a test (`../dates/tests.rs`); not edited by hand.

use super::Long;

#[rustfmt::skip]
pub(super) static LONG: &[Long] = &[
    Long { lang: "ar", pattern: "{d} {month} {y}", months: ["يناير", "فبراير", "مارس", "أبريل", "مايو", "يونيو", "يوليو", "أغسطس", "سبتمبر", "أكتوبر", "نوفمبر", "ديسمبر"] },
    Long { lang: "bg", pattern: "{d} {month} {y}\u{202f}г.", months: ["януари", "февруари", "март", "април", "май", "юни", "юли", "август", "септември", "октомври", "ноември", "декември"] },
    Long { lang: "cs", pattern: "{d}. {month} {y}", months: ["ledna", "února", "března", "dubna", "května", "června", "července", "srpna", "září", "října", "listopadu", "prosince"] },
    Long { lang: "da", pattern: "{d}. {month} {y}", months: ["januar", "februar", "marts", "april", "maj", "juni", "juli", "august", "september", "oktober", "november", "december"] },
    Long { lang: "de", pattern: "{d}. {month} {y}", months: ["Januar", "Februar", "März", "April", "Mai", "Juni", "Juli", "August", "September", "Oktober", "November", "Dezember"] },
    Long { lang: "el", pattern: "{d} {month} {y}", months: ["Ιανουαρίου", "Φεβρουαρίου", "Μαρτίου", "Απριλίου", "Μαΐου", "Ιουνίου", "Ιουλίου", "Αυγούστου", "Σεπτεμβρίου", "Οκτωβρίου", "Νοεμβρίου", "Δεκεμβρίου"] },
    Long { lang: "en", pattern: "{d} {month} {y}", months: ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"] },
    Long { lang: "es", pattern: "{d} de {month} de {y}", months: ["enero", "febrero", "marzo", "abril", "mayo", "junio", "julio", "agosto", "septiembre", "octubre", "noviembre", "diciembre"] },
    Long { lang: "et", pattern: "{d}. {month} {y}", months: ["jaanuar", "veebruar", "märts", "aprill", "mai", "juuni", "juuli", "august", "september", "oktoober", "november", "detsember"] },
    Long { lang: "fi", pattern: "{d}. {month} {y}", months: ["tammikuuta", "helmikuuta", "maaliskuuta", "huhtikuuta", "toukokuuta", "kesäkuuta", "heinäkuuta", "elokuuta", "syyskuuta", "lokakuuta", "marraskuuta", "joulukuuta"] },
    Long { lang: "fr", pattern: "{d} {month} {y}", months: ["janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre", "octobre", "novembre", "décembre"] },
    Long { lang: "ga", pattern: "{d} {month} {y}", months: ["Eanáir", "Feabhra", "Márta", "Aibreán", "Bealtaine", "Meitheamh", "Iúil", "Lúnasa", "Meán Fómhair", "Deireadh Fómhair", "Samhain", "Nollaig"] },
    Long { lang: "hr", pattern: "{d}. {month} {y}.", months: ["siječnja", "veljače", "ožujka", "travnja", "svibnja", "lipnja", "srpnja", "kolovoza", "rujna", "listopada", "studenoga", "prosinca"] },
    Long { lang: "hu", pattern: "{y}. {month} {d}.", months: ["január", "február", "március", "április", "május", "június", "július", "augusztus", "szeptember", "október", "november", "december"] },
    Long { lang: "it", pattern: "{d} {month} {y}", months: ["gennaio", "febbraio", "marzo", "aprile", "maggio", "giugno", "luglio", "agosto", "settembre", "ottobre", "novembre", "dicembre"] },
    Long { lang: "lt", pattern: "{y} m. {month} {d} d.", months: ["sausio", "vasario", "kovo", "balandžio", "gegužės", "birželio", "liepos", "rugpjūčio", "rugsėjo", "spalio", "lapkričio", "gruodžio"] },
    Long { lang: "lv", pattern: "{y}. gada {d}. {month}", months: ["janvāris", "februāris", "marts", "aprīlis", "maijs", "jūnijs", "jūlijs", "augusts", "septembris", "oktobris", "novembris", "decembris"] },
    Long { lang: "mt", pattern: "{d} ta’ {month} {y}", months: ["Jannar", "Frar", "Marzu", "April", "Mejju", "Ġunju", "Lulju", "Awwissu", "Settembru", "Ottubru", "Novembru", "Diċembru"] },
    Long { lang: "nb", pattern: "{d}. {month} {y}", months: ["januar", "februar", "mars", "april", "mai", "juni", "juli", "august", "september", "oktober", "november", "desember"] },
    Long { lang: "nl", pattern: "{d} {month} {y}", months: ["januari", "februari", "maart", "april", "mei", "juni", "juli", "augustus", "september", "oktober", "november", "december"] },
    Long { lang: "pl", pattern: "{d} {month} {y}", months: ["stycznia", "lutego", "marca", "kwietnia", "maja", "czerwca", "lipca", "sierpnia", "września", "października", "listopada", "grudnia"] },
    Long { lang: "pt", pattern: "{d} de {month} de {y}", months: ["janeiro", "fevereiro", "março", "abril", "maio", "junho", "julho", "agosto", "setembro", "outubro", "novembro", "dezembro"] },
    Long { lang: "ro", pattern: "{d} {month} {y}", months: ["ianuarie", "februarie", "martie", "aprilie", "mai", "iunie", "iulie", "august", "septembrie", "octombrie", "noiembrie", "decembrie"] },
    Long { lang: "sk", pattern: "{d}. {month} {y}", months: ["januára", "februára", "marca", "apríla", "mája", "júna", "júla", "augusta", "septembra", "októbra", "novembra", "decembra"] },
    Long { lang: "sl", pattern: "{d}. {month} {y}", months: ["januar", "februar", "marec", "april", "maj", "junij", "julij", "avgust", "september", "oktober", "november", "december"] },
    Long { lang: "sv", pattern: "{d} {month} {y}", months: ["januari", "februari", "mars", "april", "maj", "juni", "juli", "augusti", "september", "oktober", "november", "december"] },
];
