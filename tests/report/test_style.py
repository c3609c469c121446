from pinched.report.style import Width, freeze_layout, new_figure, paper_style


def test_a_frozen_layout_cuts_no_label_at_the_dots_of_the_file():
    with paper_style():
        figure, axes = new_figure(Width.DOUBLE, 5.0, columns=2)
        for ax in axes.flat:
            ax.barh(range(3), [1, 2, 3])
            ax.set_yticks(range(3), ["overlap of LRS and HRS", "spread of |V_RESET|", "resistance (Mohm)"])
        screen = figure.dpi
        freeze_layout(figure)
        assert figure.dpi == screen
        before = [ax.get_position().bounds for ax in axes.flat]
        figure.set_dpi(300)
        figure.draw_without_rendering()
    assert [ax.get_position().bounds for ax in axes.flat] == before
    width = 300 * figure.get_size_inches()[0]
    for ax in axes.flat:
        for label in ax.get_yticklabels():
            box = label.get_window_extent()
            assert box.x0 >= 0.0
            assert box.x1 <= width
