"""Public reads, answered before Django's request cycle begins, from answers that are finished.

The API's products and the pages that every visitor may see are stored in Redis as finished answers: status,
headers, and a body that is compressed already. A hit takes one round trip, which also counts the request
against its rate limit (`application`). `public_reads` says which requests these are; Django answers all
others, unchanged.

What a page shows of one visitor is in *holes*, such as the number of items in the cart. A stored page has
only their names, and they are filled when it is sent (`holes`). An answer is made from a request that has
nothing of the visitor's but the address (`answers.make`), so that a stored page cannot hold another's data.

The entries have the same stamps as those of `ecommerce.core.cache`, so a changed price is never stale.
"""
