-- `is_taken`: whether a status lets a recipient count: the last of its words says what became of it, and without one it
-- does. `is_transferred`: the same for `address##status`. `told_domain`: what tells the partners in one record apart.
-- `trimmed`: what trim gives, at a quarter of its cost where there is nothing to trim. `is_own_address`: whether an
-- address is of the organisation. `address_domain`: the domain of an address; most are plain, and only the others pay for
-- being tidied. `keyed`: the 128 bits of a keyed hash that stand for a text; `kind` is a letter that keeps kinds of text
-- apart. Key, letter and a UUID fill one block of MD5; two blocks would cost twice as much. `type_of`, `forced_of`: what an
-- export says of a connector.
create or replace temp macro tidy_domain(address) as rtrim(lower(trim(split_part(address, '@', -1), ' >')), '.');
create or replace temp macro after_at(address) as substr(address, strpos(address, '@') + 1);
create or replace temp macro address_domain(address) as case
    when address = '<>' then '<>'
    when address is null or not contains(address, '@') or ends_with(address, '@') then 'Unknown'
    when address[-1] in ('>', ' ', '.') or contains(address, '@ ') or contains(address, '@>') or address like '%@%@%'
        then tidy_domain(address)
    else lower(after_at(address))
end;
create or replace temp macro trimmed(word) as
    case when starts_with(word, ' ') or ends_with(word, ' ') or strlen(word) <> length(word) then trim(word) else word end;
create or replace temp macro keyed(kind, text) as md5_number(getvariable('identity_key') || kind || text)::uuid;
create or replace temp macro is_taken(status) as
    coalesce(
        lower(trim(split_part(status, ',', -1))) not in (
            'fail', 'failed', 'expand', 'expanded', 'defer', 'deferred', 'pending', 'rejected', 'resolve', 'resolved',
            'gettingstatus', 'none'
        ),
        true
    );
create or replace temp macro is_transferred(part) as is_taken(split_part(part, '##', 2));
create or replace temp macro told_domain(part) as lower(trim(split_part(split_part(part, '##', 1), '@', -1)));
create or replace temp macro is_own_address(address) as
    contains(address, '@')
    and contains(getvariable('own_domains'), ',' || tidy_domain(address) || ',');
create or replace temp macro type_of(connector_type) as case
    when connector_type is null or fold_word(connector_type) in ('', 'noconnector', 'none') then null
    when fold_word(connector_type) = 'onpremises' then 'On-premises'
    else trim(connector_type)
end;
create or replace temp macro forced_of(forced_tls) as case
    when lower(trim(forced_tls)) in ('true', 'yes', '1') then true
    when lower(trim(forced_tls)) in ('false', 'no', '0') then false
end;

-- What has few values, as one of a list: Parquet's writer then needs not look for the few of each column.
create or replace type outcome_word as enum ('used', 'skipped', 'rejected');
create or replace type direction_word as enum ('inbound', 'outbound', 'internal', 'submission');
create or replace type version_word as enum (select tls_version from tls_words union select unnest(['TLS unknown', 'Unknown']));
create or replace type cipher_word as enum (select tls_cipher from cipher_words union select unnest(['none', 'Unknown']));
