// Package forms holds nothing but tests: items as other programs have stored them, in the forms that their keys have in real
// tables, are read, found, changed and written back byte for byte.
package forms
