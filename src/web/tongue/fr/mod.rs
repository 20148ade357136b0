//! French.

mod feed;
mod labels;

use std::time::Duration;

use super::{Labels, Tongue, What};
use crate::model::{Activation, Family, Layer, Reason, Role, State, UplinkState};
use crate::report::words;

pub(super) struct French;

impl Tongue for French {
    fn code(&self) -> &'static str {
        "fr"
    }

    fn name(&self) -> &'static str {
        "Français"
    }

    fn labels(&self) -> &'static Labels {
        &labels::LABELS
    }

    fn state(&self, state: State) -> &'static str {
        match state {
            State::Unknown => "inconnu",
            State::Up => "disponible",
            State::Degraded => "dégradé",
            State::Down => "en panne",
            State::Maintenance => "en maintenance",
        }
    }

    fn role(&self, role: Role) -> &'static str {
        match role {
            Role::Active => "actif",
            Role::Standby => "en réserve",
            Role::Held => "en attente",
            Role::Failed => "en échec",
            Role::Unknown => "non évalué",
            Role::Disabled => "désactivé",
        }
    }

    fn layer(&self, layer: Layer) -> &'static str {
        match layer {
            Layer::Dns => "DNS",
            Layer::Tcp => "TCP",
            Layer::Tls => "TLS",
            Layer::Http => "HTTP",
            Layer::Content => "contenu",
        }
    }

    fn reason(&self, reason: Reason) -> &'static str {
        match reason {
            Reason::DnsNxdomain => "le nom n'existe pas",
            Reason::DnsNoAnswer => "le nom existe mais n'a pas de réponse utilisable",
            Reason::DnsServfail => "le résolveur n'a pas pu trouver la réponse (SERVFAIL)",
            Reason::DnsRefused => "le résolveur a refusé la question (REFUSED)",
            Reason::DnsTimeout => "pas de réponse DNS à temps",
            Reason::DnsMalformed => "la réponse DNS est illisible",
            Reason::DnsUnreachable => "aucun résolveur n'est joignable",
            Reason::DnsRcode => "un code de réponse DNS inattendu",
            Reason::DnsMismatch => "les réponses DNS ne sont pas celles attendues",
            Reason::DnsDisagreement => "les résolveurs donnent des réponses différentes",
            Reason::TcpRefused => "la connexion a été refusée",
            Reason::TcpReset => "la connexion a été coupée pendant son ouverture",
            Reason::TcpTimeout => "pas de connexion à temps",
            Reason::TcpUnreachable => "l'hôte ou son réseau est injoignable",
            Reason::TlsTimeout => "pas de négociation TLS à temps",
            Reason::TlsClosed => "la connexion a été fermée pendant la négociation TLS",
            Reason::TlsAlert => "le serveur a mis fin à la négociation TLS par une alerte",
            Reason::TlsProtocol => "le serveur ne parle pas TLS correctement",
            Reason::TlsVersion => "aucune version de TLS en commun",
            Reason::TlsExpired => "le certificat a expiré",
            Reason::TlsNotYetValid => "le certificat n'est pas encore valable",
            Reason::TlsNameMismatch => "le certificat est établi pour un autre nom",
            Reason::TlsUntrusted => "le certificat n'est pas signé par une autorité reconnue",
            Reason::TlsRevoked => "le certificat a été révoqué",
            Reason::TlsBadCertificate => {
                "le certificat est mal formé ou ne convient pas à un serveur"
            }
            Reason::TlsAlpn => "le serveur ne négocie pas le protocole attendu (ALPN)",
            Reason::HttpTimeout => "pas de réponse HTTP complète à temps",
            Reason::HttpClosed => "la connexion a été fermée avant la réponse",
            Reason::HttpProtocol => "le serveur ne parle pas HTTP correctement",
            Reason::HttpStatus => "un statut HTTP inattendu",
            Reason::HttpRedirects => "trop de redirections, ou une qui ne peut être suivie",
            Reason::HttpVersion => "une version de HTTP qui n'est pas acceptée",
            Reason::HttpTooLarge => "la réponse est plus grande que permis",
            Reason::HttpTruncated => "la réponse s'est arrêtée trop tôt",
            Reason::HttpEncoding => "la réponse ne peut être décompressée",
            Reason::ContentMismatch => "il manque au contenu ce qui y est attendu",
            Reason::ContentForbidden => "le contenu comporte ce qui ne doit pas y être",
            Reason::ContentHeader => "un en-tête n'est pas celui attendu",
            Reason::ContentJson => "le JSON n'est pas celui attendu",
            Reason::ContentEmpty => "le contenu est trop petit",
            Reason::WallStatus => "un statut ou une redirection qui écarte les sondes anonymes",
            Reason::WallChallenge => "une page de vérification pour navigateurs",
            Reason::WallRateLimit => "la sonde est priée de ralentir (429)",
            Reason::Slow => "la réponse est arrivée tard",
            Reason::PartialAddresses => "certaines adresses fonctionnent et d'autres non",
            Reason::TlsExpiring => "le certificat expire bientôt",
            Reason::LocalResolver => "notre propre résolveur ne répond à rien, ou il n'y en a pas",
            Reason::LocalLate => "cette machine était trop occupée pour mesurer",
            Reason::LocalNoRoute => "cette machine n'a pas de route vers l'adresse",
            Reason::LocalResources => "cette machine n'a plus de sockets ou de mémoire",
            Reason::LocalClock => "l'horloge de cette machine a sauté pendant la sonde",
            Reason::LocalUplink => "la connexion de cette machine n'est pas prouvée",
            Reason::LocalCancelled => "la sonde a été annulée",
        }
    }

    fn activation(&self, activation: Activation) -> &'static str {
        match activation {
            Activation::Startup => "premier choix après le démarrage",
            Activation::Failover => "le canal actif est perdu",
            Activation::Failback => "un canal préféré est revenu",
            Activation::Recovery => "un canal fonctionne de nouveau",
            Activation::Manual => "choisi à la main",
        }
    }

    fn uplink(&self, family: Option<Family>, from: UplinkState, to: UplinkState) -> &'static str {
        match (family, to) {
            (None, UplinkState::Down) => {
                "Notre propre connexion est coupée\u{a0}: rien n'est évalué"
            }
            (None, UplinkState::Up) if from == UplinkState::Down => {
                "Notre propre connexion fonctionne de nouveau"
            }
            (None, UplinkState::Up) => "Notre propre connexion est prouvée",
            (None, UplinkState::Unknown) => "Notre propre connexion n'est pas évaluée",
            (Some(Family::Ipv4), UplinkState::Down) => "Notre propre IPv4 ne fonctionne pas",
            (Some(Family::Ipv4), UplinkState::Up) => "Notre propre IPv4 fonctionne",
            (Some(Family::Ipv4), UplinkState::Unknown) => "Notre propre IPv4 n'est pas évalué",
            (Some(Family::Ipv6), UplinkState::Down) => "Notre propre IPv6 ne fonctionne pas",
            (Some(Family::Ipv6), UplinkState::Up) => "Notre propre IPv6 fonctionne",
            (Some(Family::Ipv6), UplinkState::Unknown) => "Notre propre IPv6 n'est pas évalué",
        }
    }

    fn span(&self, length: Duration) -> String {
        let english = words::span(length);
        let units = english.split(' ').map(|word| {
            let (count, unit) = word.split_at(word.len().saturating_sub(1));
            let unit = match unit {
                "d" => "j",
                "m" => "min",
                unit => unit,
            };
            format!("{count}\u{a0}{unit}")
        });
        units.collect::<Vec<_>>().join(" ")
    }

    fn percent(&self, text: &str) -> String {
        format!("{}\u{a0}%", text.replace('.', ","))
    }

    fn pair(&self, name: &str, value: &str) -> String {
        format!("{name}\u{a0}: {value}")
    }

    fn of_observed(&self, share: u64) -> String {
        let plural = if share > 1 { "s" } else { "" };
        format!("sur {share}\u{a0}% observé{plural}")
    }

    fn blind(&self, since: &str, lasted: Duration) -> String {
        let lasted = self.span(lasted);
        format!(
            "Notre propre connexion est coupée depuis {since}, {lasted}\u{a0}: rien n'est évalué."
        )
    }

    fn deaf(&self) -> String {
        "Aucun résolveur ne répond ici\u{a0}: les noms ne peuvent être évalués.".to_owned()
    }

    fn last_known(&self, title: &str) -> String {
        format!("Dernier canal connu\u{a0}: {title}.")
    }

    fn nothing_judged(&self) -> String {
        "Rien n'est encore évalué.".to_owned()
    }

    fn unproven(&self) -> String {
        "On ne sait pas encore si notre propre connexion fonctionne.".to_owned()
    }

    fn none_works(&self) -> String {
        "Aucun canal ne fonctionne.".to_owned()
    }

    fn last_resort(&self, url: &str) -> String {
        format!("Dernier recours\u{a0}: {url}")
    }

    fn all_work(&self, others: bool) -> String {
        let which = if others { "autres " } else { "" };
        format!("Tous les {which}canaux fonctionnent.")
    }

    fn post_on(&self, title: &str) -> String {
        format!("Publiez sur\u{a0}: {title}.")
    }

    fn is_pinned(&self, until: &str) -> String {
        format!("Ce choix est imposé à la main jusqu'à {until}.")
    }

    fn standby(&self, titles: &[&str], apart: bool) -> String {
        if titles.is_empty() {
            return "Rien en réserve.".to_owned();
        }
        let alone = if apart {
            ""
        } else {
            ", et tout tombe avec le canal actif"
        };
        format!("En réserve\u{a0}: {}{alone}.", titles.join(", "))
    }

    fn what(&self, what: What<'_>) -> String {
        match what {
            What::Maintenance {
                until: Some(until), ..
            } => format!("en maintenance jusqu'à {until}"),
            What::Maintenance { since, .. } => format!("en maintenance depuis {since}"),
            What::Disabled => "désactivé".to_owned(),
            What::Held {
                since,
                at: Some(at),
            } => format!("rétabli depuis {since} et reprend à {at}"),
            What::Held { since, at: None } => format!("rétabli depuis {since} et en attente"),
            What::Is { state, since } => format!("{} depuis {since}", self.state(state)),
        }
    }

    fn note(
        &self,
        title: &str,
        what: &str,
        layer: Option<Layer>,
        lasted: Option<Duration>,
    ) -> String {
        let layer = layer.map_or_else(String::new, |it| format!(" ({})", self.layer(it)));
        let lasted = lasted.map_or_else(String::new, |it| format!(", {}", self.span(it)));
        format!("{title} est {what}{layer}{lasted}.")
    }

    fn down_head(&self, lost: &str, title: &str) -> String {
        format!("{lost} est en panne\u{a0}: utilisez {title}")
    }

    fn fine_head(&self, title: &str) -> String {
        format!("Tous les canaux fonctionnent\u{a0}: {title}")
    }

    fn use_head(&self, title: &str) -> String {
        format!("Publiez sur {title}")
    }

    fn resting_head(&self, resting: &str, title: &str) -> String {
        format!("{resting} est en maintenance\u{a0}: utilisez {title}")
    }

    fn active_since(&self, title: &str, time: &str) -> String {
        format!("{title} est le canal actif depuis {time} UTC.")
    }

    fn role_in(&self, role: Role, group: &str) -> String {
        format!("{} dans {group}", self.role(role))
    }

    fn as_of(&self, time: &str) -> String {
        format!("État à {time} UTC")
    }

    fn data_age(&self, age: &str) -> String {
        format!("données vieilles de {age}")
    }

    fn stale(&self, time: &str) -> String {
        format!(
            "Cette page n'a pas été actualisée depuis {time} UTC\u{a0}; elle peut être périmée."
        )
    }

    fn hangs(&self, since: &str, age: &str) -> String {
        format!(
            "La sonde elle-même est bloquée\u{a0}: rien n'est évalué depuis {since} UTC ({age})."
        )
    }

    fn late(&self, since: &str, age: &str) -> String {
        format!(
            "La sonde elle-même est en retard\u{a0}: sa dernière mesure date de {since} UTC ({age})."
        )
    }

    fn until_then(&self, time: &str) -> String {
        format!("jusqu'à {time} UTC")
    }

    fn until(&self, time: &str) -> String {
        format!("Jusqu'au {time} UTC.")
    }

    fn window(&self, title: &str, from: &str, until: &str, open: bool) -> String {
        let what = if open {
            "En maintenance"
        } else {
            "Maintenance annoncée"
        };
        format!("{what}\u{a0}: {title}, du {from} au {until} UTC.")
    }

    fn bars_days(&self, days: usize, troubled: usize, unobserved: usize) -> String {
        format!("{days} derniers jours\u{a0}: {troubled} avec incident, {unobserved} non observés")
    }

    fn bars_hours(&self, hours: usize, troubled: usize, unobserved: usize) -> String {
        format!(
            "{hours} dernières heures\u{a0}: {troubled} avec incident, {unobserved} non observées"
        )
    }

    fn days_ago(&self, days: usize) -> String {
        format!("{days} jours")
    }

    fn hours_ago(&self, hours: usize) -> String {
        format!("{hours} heures")
    }

    fn more_networks(&self, number: usize) -> String {
        match number {
            1 => "1 autre canal\u{a0}:".to_owned(),
            number => format!("{number} autres canaux\u{a0}:"),
        }
    }

    fn more_days(&self, number: usize) -> String {
        match number {
            1 => "1 autre jour avec incident\u{a0}:".to_owned(),
            number => format!("{number} autres jours avec incident\u{a0}:"),
        }
    }

    fn network_became(&self, title: &str, state: State, before: Option<State>) -> String {
        match (state, before) {
            (State::Up, Some(State::Down)) => format!("{title} fonctionne de nouveau"),
            (State::Up, Some(State::Degraded)) => {
                format!("{title} fonctionne de nouveau sans difficulté")
            }
            (State::Up, _) => format!("{title} fonctionne"),
            (State::Unknown, _) => format!("{title} n'est plus évalué"),
            (State::Degraded, _) => format!("{title} fonctionne avec difficulté"),
            (State::Down, _) => format!("{title} est en panne"),
            (State::Maintenance, _) => format!("{title} est en maintenance"),
        }
    }

    fn earlier(&self, number: usize) -> String {
        format!("Afficher les {number} précédents")
    }

    fn outage_ended(&self, title: &str) -> String {
        format!("La panne de {title} est terminée")
    }

    fn switched(&self, group: &str, to: Option<&str>, from: Option<&str>) -> String {
        match (to, from) {
            (Some(to), Some(from)) => format!("{group}\u{a0}: de {from} à {to}"),
            (Some(to), None) => format!("{group}\u{a0}: maintenant {to}"),
            (None, Some(from)) => {
                format!("{group}\u{a0}: de {from} à rien, aucun canal ne fonctionne")
            }
            (None, None) => format!("{group}\u{a0}: aucun canal ne fonctionne"),
        }
    }
}
