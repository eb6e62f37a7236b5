"""CSV files of products, in two formats: our own columns and Shopify's product export.

    table            a file as numbered rows
    own_format       rows in our own columns as entries
    shopify_format   rows of a Shopify export as entries
    entries          the entries of a file in either format, with repeated products noted
    planning         what an entry would change
    write            entries as products
    export           products as a file

Everything is streamed, so a file of any size needs little memory. A thousand entries are written in one
transaction, whose number of commands does not depend on that of the entries. If the database refuses or
aborts it, it is repeated in halves, until what is refused is a single line.
"""
