// Package moved holds nothing but tests: programs whose entities are at different places, as versions of one program that follow
// each other, work on one table.
package moved
