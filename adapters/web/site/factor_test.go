package site

import (
	"fmt"
	"strings"
	"testing"
)

func TestADrawingHasTheThreeEyesOfAQRCodeInsideAMargin(t *testing.T) {
	d, err := draw("otpauth://totp/Gable:anna@example.org?issuer=Gable&secret=" + strings.Repeat("A2", 16))
	if err != nil {
		t.Fatal(err)
	}
	dark := func(x, y int) bool { return strings.Contains(d.Path, fmt.Sprintf("M%d %dh1v1h-1z", x, y)) }
	for i := range d.Size {
		if dark(i, 3) || dark(3, i) || dark(i, d.Size-4) || dark(d.Size-4, i) {
			t.Fatal("the margin is not empty")
		}
	}
	far := d.Size - quiet - 7 // where the eyes on the other side begin
	for _, eye := range [][2]int{{quiet, quiet}, {far, quiet}, {quiet, far}} {
		for i, want := range []bool{true, false, true, true, true, false, true} { // across the middle of an eye
			if dark(eye[0]+i, eye[1]+3) != want {
				t.Fatalf("no eye at %v", eye)
			}
		}
	}
	if dark(far+3, far+3) && dark(far, far) && dark(far+6, far+6) && !dark(far+1, far+1) && !dark(far+5, far+5) {
		t.Error("the fourth corner has an eye")
	}
	if _, err := draw(strings.Repeat("x", 5_000)); err == nil {
		t.Error("a text that is too long is drawn")
	}
}
