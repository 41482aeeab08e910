//! The tables that are read, with all columns that any workload reads and those that they hang together by.

pub mod country {
    use sea_orm::entity::prelude::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "country")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub code: String,
        pub iso2: String,
        pub m49: String,
        pub name: String,
        pub official_name: Option<String>,
        pub capital: Option<String>,
        pub who_region: Option<String>,
        pub un_subregion: Option<String>,
        pub income_group: Option<String>,
        pub population: Option<i32>,
        pub nam_status: String,
        pub currency: Option<String>,
        #[sea_orm(has_many)]
        pub requests: HasMany<super::assistance_request::Entity>,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

pub mod need_category {
    use sea_orm::entity::prelude::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "need_category")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub code: String,
        pub name: String,
        #[sea_orm(has_many)]
        pub items: HasMany<super::request_item::Entity>,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

pub mod commodity {
    use sea_orm::entity::prelude::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "commodity")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub code: String,
        pub name: String,
        #[sea_orm(has_many)]
        pub items: HasMany<super::request_item::Entity>,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

pub mod assistance_request {
    use sea_orm::entity::prelude::*;

    // Seaography orders by columns as they stand here, not as the query names them: what has an order of its own stands
    // before the id, which parts what is equal.
    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "assistance_request")]
    pub struct Model {
        pub needed_by: Option<Date>,
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub reference: String,
        pub country_code: String,
        pub title: String,
        pub priority: i16,
        pub status: String,
        pub people_in_need: Option<i32>,
        pub created_at: DateTimeUtc,
        #[sea_orm(belongs_to, from = "country_code", to = "code")]
        pub country: BelongsTo<super::country::Entity>,
        #[sea_orm(has_many)]
        pub items: HasMany<super::request_item::Entity>,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

pub mod request_item {
    use sea_orm::entity::prelude::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "request_item")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub request_id: Uuid,
        pub position: i32,
        pub category_code: String,
        pub commodity_code: Option<String>,
        pub quantity_milli: i64,
        pub committed_milli: i64,
        pub uncovered_milli: i64,
        #[sea_orm(belongs_to, from = "request_id", to = "id")]
        pub request: BelongsTo<super::assistance_request::Entity>,
        #[sea_orm(belongs_to, from = "category_code", to = "code")]
        pub category: BelongsTo<super::need_category::Entity>,
        #[sea_orm(belongs_to, from = "commodity_code", to = "code")]
        pub commodity: BelongsTo<Option<super::commodity::Entity>>,
        #[sea_orm(has_many)]
        pub contributions: HasMany<super::contribution::Entity>,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

pub mod contribution {
    use sea_orm::entity::prelude::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "contribution")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub item_id: Uuid,
        pub status: String,
        pub quantity_milli: i64,
        #[sea_orm(belongs_to, from = "item_id", to = "id")]
        pub item: BelongsTo<super::request_item::Entity>,
    }

    impl ActiveModelBehavior for ActiveModel {}
}
