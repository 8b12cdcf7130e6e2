-- `is_transferred`: whether the status behind `##` lets a recipient count; without one it does. `domain_of`: what tells
-- the partners in one record apart.
create or replace temp macro is_transferred(part) as
    coalesce(
        lower(trim(split_part(split_part(part, '##', 2), ',', -1))) not in (
            'fail', 'failed', 'expand', 'expanded', 'defer', 'deferred', 'pending', 'rejected', 'resolve', 'resolved',
            'gettingstatus', 'none'
        ),
        true
    );
create or replace temp macro domain_of(part) as lower(trim(split_part(split_part(part, '##', 1), '@', -1)));
