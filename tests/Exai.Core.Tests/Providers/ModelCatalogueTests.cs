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
