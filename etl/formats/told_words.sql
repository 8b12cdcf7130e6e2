-- `is_taken`: whether a status lets a recipient count: the last of its words says what became of it, and without one it
-- does. `is_transferred`: the same for `address##status`. `told_domain`: what tells the partners in one record apart.
-- `is_own_address`: whether an address is of the organisation. `address_domain`: the domain of an address; most are
-- plain, and only the others pay for being tidied. `keyed`: the 128 bits of a keyed hash that stand for a text.
create or replace temp macro tidy_domain(address) as rtrim(lower(trim(split_part(address, '@', -1), ' >')), '.');
create or replace temp macro after_at(address) as substr(address, strpos(address, '@') + 1);
create or replace temp macro address_domain(address) as case
    when address = '<>' then '<>'
    when address is null or not contains(address, '@') or ends_with(address, '@') then 'Unknown'
    when ends_with(address, '>') or ends_with(address, ' ') or ends_with(address, '.') or contains(address, '@ ')
        or contains(address, '@>') or contains(after_at(address), '@') then tidy_domain(address)
    else lower(after_at(address))
end;
create or replace temp macro keyed(what, text) as md5_number(getvariable('hash_key') || what || text)::uuid;
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
