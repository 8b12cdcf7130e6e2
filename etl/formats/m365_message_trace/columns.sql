-- The format's columns, all text, none filled: what an export lacks stays null.
create or replace temp table template (
    date_time varchar, direction varchar, connector varchar, sender varchar, recipient varchar, status varchar,
    message_id varchar, network_message_id varchar, bytes varchar, record bigint
);
