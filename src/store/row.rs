//! Flat rows of which only the columns that were asked for are read.

/// Declares a row of an entity: a struct that holds what was read, with one accessor a column.
macro_rules! row {
    ($(#[$doc:meta])* $name:ident ($cells:ident) of $entity:ident { $($(#[$field_doc:meta])* $field:ident / $column:ident : $type:ty),* $(,)? }) => {
        $(#[$doc])*
        // Boxed: it has room for every column, and is moved several times on its way to who asked for it.
        #[derive(Clone, Debug)]
        pub struct $name(Box<$cells>);

        /// The columns that were read.
        #[derive(Clone, Debug, Default)]
        struct $cells { $($field: Option<$type>),* }

        impl $name {
            /// Every column, in the order of the table.
            pub const COLUMNS: &'static [$entity::Column] = &[$($entity::Column::$column),*];

            /// Reads these columns, which the statement selected first and in this order.
            pub(crate) fn read(result: &sea_orm::QueryResult, columns: &[$entity::Column]) -> Result<Self, sea_orm::DbErr> {
                let mut row = Box::<$cells>::default();
                for (index, column) in columns.iter().enumerate() {
                    match column {
                        $($entity::Column::$column => row.$field = Some(result.try_get_by_index(index)?),)*
                        #[allow(unreachable_patterns, reason = "an entity may have columns that no reader is shown")]
                        _ => {}
                    }
                }
                Ok(Self(row))
            }

            $($(#[$field_doc])*
            ///
            /// # Errors
            /// `INTERNAL` where the column was not asked for.
            pub fn $field(&self) -> Result<&$type, crate::error::Error> {
                self.0.$field.as_ref().ok_or_else(|| crate::error::Error::internal(concat!("not read: ", stringify!($name), ".", stringify!($field))))
            })*
        }
    };
}
pub(crate) use row;
