// Light or dark mode, set only when it changes.
//
// NiceGUI's own component sets it whenever the page is drawn, and the browser then computes the
// style of every element again: 50 ms each time, so that a page that shows many changes stalls.

export default {
  template: "",
  props: { value: Boolean },
  mounted() {
    setDark(this.value);
  },
  watch: {
    value(isDark) {
      setDark(isDark);
    },
  },
};
