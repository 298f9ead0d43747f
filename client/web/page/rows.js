// A table whose cells stay what they are while the rows change.
//
// NiceGUI makes a component anew for a template slot whenever the table is drawn, so that all
// cells are thrown away and made again: a button under a held mouse button never hears of the
// click, and the focus is lost (zauberzeug/nicegui#6284). Here each template is made a component
// once.

export default {
  template: `
    <q-table ref="qRef">
      <template v-for="(_, slot) in $slots" v-slot:[slot]="given">
        <slot :name="slot" v-bind="given || {}" />
      </template>
      <template v-for="cell in made" :key="cell.slot" v-slot:[cell.slot]="given">
        <component :is="cell.component" :props="given" @act="act" />
      </template>
    </q-table>
  `,
  props: {
    cells: Object, // templates by column; in them, $emit('act', EVENT, ...) has the table emit it
  },
  created() {
    this.made = Object.entries(this.cells).map(([column, template]) => ({
      slot: `body-cell-${column}`,
      component: { props: ["props"], emits: ["act"], template },
    }));
  },
  methods: {
    act(event, ...details) {
      this.$emit(event, ...details);
    },
  },
};
