-- The staged records with those partner domains renamed.
copy (
    select * replace (
        case
            when strlen(partner_domain) <> length(partner_domain)
                then getvariable('a_labels')[list_position(getvariable('odd_domains'), partner_domain)]
            else partner_domain
        end as partner_domain
    )
    from read_parquet(getvariable('odd_file'))
) to (getvariable('mended_file')) (format parquet, compression lz4_raw);
