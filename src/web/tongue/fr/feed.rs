//! French: what feed and badges say.

use super::French;
use crate::web::tongue::feed::Wording;

impl Wording for French {
    fn to_post_on(&self) -> &'static str {
        "publier sur"
    }

    fn no_channel(&self) -> &'static str {
        "aucun canal"
    }

    fn feed(&self, vantage: &str) -> String {
        format!("Pannes et bascules, vues de {vantage}")
    }

    fn is_down(&self, network: &str, how: &str) -> String {
        format!("{network} est en panne{how}")
    }

    fn was_down(&self, network: &str, how: &str, lasted: &str) -> String {
        format!("{network} a été en panne pendant {lasted}{how}")
    }

    fn was_last_down(&self, network: &str, how: &str) -> String {
        format!("{network} était en panne{how}\u{a0}; son retour n’a pas été vu")
    }

    fn since(&self, from: &str) -> String {
        format!("Depuis le {from}.")
    }

    fn between(&self, from: &str, until: &str) -> String {
        format!("Du {from} au {until}.")
    }

    fn failed(&self, endpoint: &str, reason: &str) -> String {
        format!("Point de mesure {endpoint}\u{a0}: {reason}.")
    }

    fn switch(&self, group: &str, to: Option<&str>) -> String {
        match to {
            Some(to) => format!("{group}\u{a0}: publier sur {to}"),
            None => format!("{group}\u{a0}: aucun canal ne fonctionne"),
        }
    }

    fn instead(&self, to: Option<&str>, from: Option<&str>) -> String {
        let to = to.unwrap_or("aucun canal");
        match from {
            Some(from) => format!("{to} au lieu de {from}"),
            None => format!("{to}, alors qu’il n’y en avait aucun"),
        }
    }
}
