// Package explorer shows a table in the browser: an [http.Handler] for the pages of one table and its registry.
//
//	http.Handle("/debug/items/", http.StripPrefix("/debug/items", explorer.New(Items)))
//
// The pages are
//
//   - the registry as a picture: kinds of partitions with the entities in them, indexes, access patterns, fields;
//   - partitions as item collections, in the order of their keys, each item decoded under its type and as it is stored;
//   - queries by access pattern, with the fields of an example as a form, and beside the result the request, what it has cost,
//     and the Go code that makes it;
//   - one item; a search for a text in keys; and what an audit finds.
//
// They are made on the server, need no script and no asset from elsewhere, can be used by keyboard and on a telephone, and
// follow the reader's choice of dark or light. A page holds up to 50 items, whatever the size of a partition, and one request of
// the service or, of a search, up to 8, so that its memory and its cost are bounded. The address of the next page is a cursor.
//
// [Guess] shows a table of which no registry is known.
//
// # Who may read
//
// Whoever can reach the handler can read the table with its client's rights: let it listen on loopback only, or put it behind a
// login of your own. It answers to names of this machine alone, unless [Hosts] allows others, and refuses what a browser says
// another site has asked for, but for links to pages that cost one read. Nothing that it shows is interpreted as HTML, and its
// Content-Security-Policy allows no script at all. Control characters and those that turn the direction of text are shown by
// their numbers.
//
// The values of attributes that are declared `entable:"hidden"` or `entable:"encrypt"`, and of those that [Hide] names, are
// on no page. Where they are part of a key, the key shows them.
//
// It writes nothing, unless [AllowWrites] is given.
package explorer
