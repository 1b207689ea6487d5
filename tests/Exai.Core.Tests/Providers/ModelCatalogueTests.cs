using Exai.Core.Models.Catalogue;
using Exai.Settings;

namespace Exai.Core.Tests.Providers;

public sealed class ModelCatalogueTests
{
    private static readonly ModelCatalogue Catalogue = ModelCatalogue.Load();

    [Theory]
    [InlineData("glm-4.6", "glm-4.6")]
    [InlineData("GLM-4.6 ", "glm-4.6")]
    [InlineData("glm", "glm-4.6")]
    [InlineData("Kimi", "kimi-k2-0905-preview")]
    [InlineData("glm-4.6-20260101", null)]
    [InlineData("gpt-5", null)]
    public void Find_goes_by_id_or_alias_in_any_case(string name, string? id) => (Catalogue.Find(name)?.Id).ShouldBe(id);

    [Theory]
    [InlineData("glm-4.6-20260101", "glm-4.6")]
    [InlineData("glm-5-turbo-x", "glm-5-turbo")]
    [InlineData("kimi-k2.7-code-highspeed", "kimi-k2.7-code-highspeed")]
    [InlineData("kimi-k2.7-code-next", "kimi-k2.7-code")]
    [InlineData("glm-4.65", null)]
    public void Family_is_the_longest_id_that_a_build_s_name_begins_with(string name, string? id) => (Catalogue.FindFamily(name)?.Id).ShouldBe(id);

    public static TheoryData<string, long, int?, bool?, ThinkingKind?, decimal, decimal, decimal?> Table => new()
    {
        { "glm-5.3", 1048576, 131072, false, ThinkingKind.Always, 1.4m, 4.4m, null },
        { "glm-5.3-flash", 1048576, 128000, true, ThinkingKind.Always, 0.07m, 0.25m, null },
        { "glm-5.2", 1000000, 131072, false, ThinkingKind.DefaultOn, 1.4m, 4.4m, 0.26m },
        { "glm-5.1", 200000, 131072, false, ThinkingKind.DefaultOn, 1.4m, 4.4m, 0.26m },
        { "glm-5-turbo", 200000, 131072, false, null, 1.2m, 4.0m, 0.24m },
        { "glm-5", 204800, 131072, false, ThinkingKind.DefaultOn, 1.0m, 3.2m, 0.2m },
        { "glm-5v-turbo", 200000, 131072, true, null, 1.2m, 4.0m, 0.24m },
        { "glm-4.7", 204800, 131072, false, ThinkingKind.DefaultOn, 0.6m, 2.2m, 0.11m },
        { "glm-4.7-flash", 200000, 131072, false, null, 0m, 0m, 0m },
        { "glm-4.7-flashx", 200000, 131072, false, null, 0.07m, 0.4m, 0.01m },
        { "glm-4.6", 204800, 131072, false, ThinkingKind.Hybrid, 0.6m, 2.2m, 0.11m },
        { "glm-4.6v", 128000, 32768, true, null, 0.3m, 0.9m, null },
        { "glm-4.5", 131072, 98304, false, ThinkingKind.Hybrid, 0.6m, 2.2m, 0.11m },
        { "glm-4.5-air", 131072, 98304, false, ThinkingKind.Hybrid, 0.2m, 1.1m, 0.03m },
        { "glm-4.5-flash", 131072, 98304, false, ThinkingKind.Hybrid, 0m, 0m, 0m },
        { "glm-4.5v", 64000, 16384, true, ThinkingKind.DefaultOn, 0.6m, 1.8m, null },
        { "kimi-k3", 1048576, 1048576, true, ThinkingKind.DefaultOn, 3.0m, 15.0m, 0.3m },
        { "kimi-k2.7-code", 262144, null, true, ThinkingKind.Always, 0.95m, 4m, 0.19m },
        { "kimi-k2.7-code-highspeed", 262144, null, true, ThinkingKind.Always, 1.9m, 8m, 0.38m },
        { "kimi-k2.6", 262144, 262144, true, ThinkingKind.Toggle, 0.95m, 4m, 0.16m },
        { "kimi-k2.5", 262144, null, null, ThinkingKind.Toggle, 0.6m, 3.0m, 0.1m },
        { "kimi-k2-0905-preview", 262144, null, null, ThinkingKind.None, 0.6m, 2.5m, 0.15m },
        { "kimi-k2-0711-preview", 131072, null, null, ThinkingKind.None, 0.6m, 2.5m, 0.15m },
        { "kimi-k2-turbo-preview", 262144, null, null, ThinkingKind.None, 2.4m, 10m, null },
        { "kimi-k2-thinking", 262144, null, null, ThinkingKind.Always, 0.6m, 2.5m, 0.15m },
        { "kimi-k2-thinking-turbo", 262144, null, null, ThinkingKind.Always, 1.15m, 8m, null },
    };

    /// <summary>The built-in table holds what is known of each model; a changed number changes the bill.</summary>
    [Theory]
    [MemberData(nameof(Table))]
    public void Model_has_the_limits_and_prices_of_the_table(
        string id, long window, int? maxOutput, bool? vision, ThinkingKind? thinking, decimal input, decimal output, decimal? cached)
    {
        var model = Catalogue.Find(id).ShouldNotBeNull();
        (model.Window, model.MaxOutput, model.Vision, model.Thinking, model.PriceIn, model.PriceOut, model.PriceCached)
            .ShouldBe((window, maxOutput, vision, thinking, input, output, cached));
    }

    [Fact]
    public void Dated_model_has_a_successor_that_is_in_the_table_and_not_dated_itself()
    {
        foreach (var model in Catalogue.Models.Where(model => model.Successor is not null))
        {
            (model.Dated, Catalogue.Find(model.Successor!)!.Dated).ShouldBe((true, false), model.Id);
        }

        Catalogue.Find("kimi-k2-0905-preview")!.Successor.ShouldBe("kimi-k2.6");
    }

    [Theory]
    [InlineData("glm-4.6v-flash")]
    [InlineData("glm-4.6v-flashx")]
    [InlineData("glm-4.5-airx")]
    [InlineData("glm-4-flash-250414")]
    [InlineData("glm-4-flashx-250414")]
    [InlineData("glm-4v-flash")]
    [InlineData("glm-4.1v-thinking-flash")]
    [InlineData("glm-4.1v-thinking-flashx")]
    [InlineData("autoglm-phone")]
    [InlineData("kimi-k3.1-pro")]
    [InlineData("moonshot-v1-8k")]
    [InlineData("moonshot-v1-32k")]
    [InlineData("moonshot-v1-128k")]
    [InlineData("moonshot-v1-auto")]
    [InlineData("moonshot-v1-128k-vision-preview")]
    [InlineData("kimi-latest")]
    public void Model_of_which_less_is_known_is_in_the_table(string id) => Catalogue.Find(id).ShouldNotBeNull();

    [Fact]
    public void Seed_models_of_the_settings_are_known()
    {
        foreach (var id in new[] { "glm-4.6", "glm-4.5-flash", "glm-4.5", "glm-4.5-air", "kimi-k2-0905-preview", "kimi-k2-turbo-preview", "kimi-thinking-preview" })
            Catalogue.Find(id).ShouldNotBeNull().Window.ShouldNotBeNull();
    }

    [Fact]
    public void Facts_of_a_model_are_as_the_table_says()
    {
        var k3 = Catalogue.Find("kimi-k3").ShouldNotBeNull();
        (k3.Provider, k3.Window, k3.Vision, k3.Thinking, k3.FixedSampling, k3.WebSearch, k3.Dated)
            .ShouldBe(("kimi", 1048576L, (bool?)true, (ThinkingKind?)ThinkingKind.DefaultOn, true, true, false));
        var glm = Catalogue.Find("glm-4.6").ShouldNotBeNull();
        (glm.Provider, glm.Window, glm.MaxOutput, glm.Vision, glm.Thinking, glm.WebSearch)
            .ShouldBe(("glm", 204800L, (int?)131072, (bool?)false, (ThinkingKind?)ThinkingKind.Hybrid, true));
        Catalogue.Models.ShouldAllBe(model => model.Provider == "glm" || model.Provider == "kimi");
    }

    [Theory]
    [InlineData("glm-4.6", 1_000_000, 1_000_000, 0, 2.8)]
    [InlineData("glm-4.6", 1_000_000, 0, 400_000, 0.404)]
    [InlineData("glm-4.6", 1_000_000, 0, 9_000_000, 0.11)]
    [InlineData("glm-5.3", 1_000_000, 0, 500_000, 1.4)]
    [InlineData("glm-4.5-flash", 1_000_000, 1_000_000, 0, 0.0)]
    public void Cost_counts_the_cached_part_at_its_price(string id, long input, long output, long cached, double usd) =>
        Catalogue.Find(id).ShouldNotBeNull().Cost(input, output, cached).ShouldBe((decimal)usd);

    [Fact]
    public void Cost_is_unknown_where_a_price_is() => Catalogue.Find("kimi-k3.1-pro").ShouldNotBeNull().Cost(1, 1).ShouldBeNull();

    [Fact]
    public void Name_given_twice_is_refused()
    {
        var model = new ModelInfo { Id = "a", Provider = "p", Aliases = ["b"] };
        Should.Throw<ArgumentException>(() => new ModelCatalogue([model, model with { Id = "B", Aliases = [] }])).Message.ShouldContain("'B'");
    }
}
