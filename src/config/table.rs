//! [`table!`]: one declaration per table, and everything that can be done with it.

use super::decode::Value;
use super::fault::At;

/// The name of a key, for a field that had to be written `r#type`.
pub(crate) const fn bare(field: &'static str) -> &'static str {
    match field.as_bytes() {
        [b'r', b'#', ..] => field.split_at(2).1,
        _ => field,
    }
}

/// Declares a table: its keys, their types and defaults, and the tables whose keys it shares.
macro_rules! table {
    (@default $key:ident) => { None };
    (@getter $key:ident $type:ty) => {};
    (@getter $key:ident $type:ty, $default:expr) => {
        /// What is said, else the default.
        pub(crate) fn $key(&self) -> At<$type> {
            match &self.$key {
                Some(at) => at.clone(),
                None => At::default_of(bare(stringify!($key)), $default),
            }
        }
    };
    (@default $key:ident $default:expr) => {
        Some(At::default_of(bare(stringify!($key)), $default))
    };
    (
        $(#[$meta:meta])*
        struct $name:ident $(with $($part:ident: $part_type:ty),+)? {
            $( $(#[$key_meta:meta])* $key:ident: $type:ty $(= $default:expr)?, )*
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Debug, Default)]
        pub(crate) struct $name {
            $( $(#[$key_meta])* pub(crate) $key: Option<At<$type>>, )*
            $($(
                #[doc = concat!("The keys it shares: `", stringify!($part), "`.")]
                pub(crate) $part: $part_type,
            )+)?
        }

        #[allow(dead_code, reason = "not every default is asked for")]
        impl $name {
            $( table!(@getter $key $type $(, $default)?); )*
        }

        impl Table for $name {
            fn own_keys() -> Vec<&'static str> {
                vec![$(bare(stringify!($key))),*]
            }
            fn keys() -> Vec<&'static str> {
                #[allow(unused_mut, reason = "a table without parts")]
                let mut keys = Self::own_keys();
                $($( keys.extend(<$part_type>::keys()); )+)?
                keys
            }
            fn set(
                &mut self,
                key: &str,
                value: &toml::de::DeValue<'_>,
                place: &Place,
                reader: &mut Reader,
            ) -> bool {
                $(
                    if key == bare(stringify!($key)) {
                        self.$key = read_at(value, place, reader);
                        return true;
                    }
                )*
                $($(
                    if self.$part.set(key, value, place, reader) {
                        return true;
                    }
                )+)?
                false
            }
            fn defaults() -> Self {
                Self {
                    $( $key: table!(@default $key $($default)?), )*
                    $($( $part: <$part_type>::defaults(), )+)?
                }
            }
            fn merge_table(&mut self, over: Self) {
                $( merge_key(&mut self.$key, over.$key); )*
                $($( self.$part.merge_table(over.$part); )+)?
            }
            fn expand_table(&mut self, instance: &str) {
                $(
                    if let Some(at) = &mut self.$key {
                        at.value.expand(instance);
                    }
                )*
                $($( self.$part.expand_table(instance); )+)?
            }
            fn own_lines(&self, prefix: &str, out: &mut String) {
                $(
                    if let Some(at) = &self.$key {
                        at.value.lines(&format!("{prefix}{}", bare(stringify!($key))), out);
                    }
                )*
            }
            fn all_lines(&self, prefix: &str, out: &mut String) {
                self.own_lines(prefix, out);
                $($( self.$part.all_lines(prefix, out); )+)?
            }
            fn items(&self, out: &mut Vec<String>) {
                $(
                    if let Some(at) = &self.$key {
                        out.push(format!("{} = {}", bare(stringify!($key)), at.value.inline()));
                    }
                )*
                $($( self.$part.items(out); )+)?
            }
        }

        impl Value for $name {
            fn read(
                value: &toml::de::DeValue<'_>,
                place: &Place,
                reader: &mut Reader,
            ) -> Option<Self> {
                match value.as_table() {
                    Some(table) => Some(reader.table(table, place)),
                    None => reader.wrong_type(place, "a table", value),
                }
            }
            fn inline(&self) -> String {
                let mut items = Vec::new();
                self.items(&mut items);
                format!("{{ {} }}", items.join(", "))
            }
            fn lines(&self, key: &str, out: &mut String) {
                self.all_lines(&format!("{key}."), out);
            }
            fn merge(&mut self, over: Self) {
                self.merge_table(over);
            }
            fn expand(&mut self, instance: &str) {
                self.expand_table(instance);
            }
        }
    };
}
pub(crate) use table;

/// Lays the value of a key over another, if there is one.
pub(crate) fn merge_key<T: Value>(under: &mut Option<At<T>>, over: Option<At<T>>) {
    match (under.as_mut(), over) {
        (Some(under), Some(over)) => {
            under.value.merge(over.value);
            under.place = over.place;
        }
        (None, over) => *under = over,
        (Some(_), None) => {}
    }
}
