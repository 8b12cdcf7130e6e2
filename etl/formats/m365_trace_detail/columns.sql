-- The format's columns, all text, none filled: what an export lacks stays null.
create or replace temp table template (
    date_time varchar, source varchar, event_id varchar, custom_data varchar, direction varchar, connector_id varchar,
    sender varchar, return_path varchar, recipient varchar, status varchar, message_id varchar,
    network_message_id varchar, bytes varchar, record bigint
);
