// Package browsertest tries the pages of package explorer in a real browser: headless Chromium. It has tests alone, and a
// module of its own, so that nobody who uses the library gets the browser's driver with it.
//
// The browser is chromium, chromium-browser, google-chrome or chrome on the PATH, or what ENTABLE_BROWSER names. Without
// any the tests are skipped and print why; with CI=true they fail instead.
//
//	ENTABLE_SCREENSHOTS=docs/explorer go test -run Screenshots ./internal/browsertest
//
// in the folder of this module, writes the pictures of the documentation anew.
package browsertest
