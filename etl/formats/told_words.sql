-- `is_taken`: whether a status lets a recipient count: the last of its words says what became of it, and without one it
-- does. `is_transferred`: the same for `address##status`. `told_domain`: what tells the partners in one record apart.
-- `is_own_address`: whether an address is of the organisation.
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
    and contains(getvariable('own_domains'), ',' || rtrim(lower(trim(split_part(address, '@', -1), ' >')), '.') || ',');
