using Exai.Core.Models;
using Exai.Core.Models.Catalogue;

namespace Exai.Core.Tests.Models;

/// <summary>Estimates correct themselves by what providers count.</summary>
public sealed class TokenRatioTests
{
    private static readonly ModelRoute Route = new("auto", TestProviders.Glm, "glm-4.6", null, []);

    [Fact]
    public void Nothing_learned_counts_as_ours() => new TokenRatios().Of(Route).ShouldBe(1);

    [Fact]
    public void Reports_move_the_ratio_step_by_step_and_only_for_their_model()
    {
        var ratios = new TokenRatios();
        ratios.Learn(Route, estimated: 1000, reported: 1500);
        ratios.Of(Route).ShouldBe(1.5);
        ratios.Learn(Route, estimated: 1000, reported: 1000);
        ratios.Of(Route).ShouldBe(1.35, 0.001);
        ratios.Of(Route with { ModelId = "glm-4.5" }).ShouldBe(1);
    }

    [Theory]
    [InlineData(499, 4000)]
    [InlineData(1000, 0)]
    public void What_says_nothing_teaches_nothing(long estimated, long reported)
    {
        var ratios = new TokenRatios();
        ratios.Learn(Route, estimated, reported);
        ratios.Of(Route).ShouldBe(1);
    }

    [Theory]
    [InlineData(100_000, 2.5)]
    [InlineData(10, 0.5)]
    public void An_absurd_report_is_bounded(long reported, double ratio)
    {
        var ratios = new TokenRatios();
        ratios.Learn(Route, 1000, reported);
        ratios.Of(Route).ShouldBe(ratio);
    }

    /// <summary>A model that counts twice as much as we do gets half as much of the thread the next time.</summary>
    [Fact]
    public void Request_after_a_report_leaves_more_room()
    {
        var question = new ModelQuestion { SystemPrompt = "s", Prompt = "p", History = [.. Enumerable.Range(0, 100).Select(_ => (new string('x', 4000), "a"))] };
        var route = Route with { Info = new ModelInfo { Id = "glm-4.6", Provider = "glm", Window = 60_000 } };

        var first = new ModelRequest(question, route);
        var second = new ModelRequest(question, route, ratio: 2);

        (100 - second.DroppedTurns).ShouldBeInRange(((100 - first.DroppedTurns) / 2) - 1, (100 - first.DroppedTurns) / 2);
    }
}
