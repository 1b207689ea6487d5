using Exai.Core.Models;
using Exai.Core.Models.Catalogue;
using Exai.Protocol;
using Exai.Settings;
using Exai.Testing;

namespace Exai.Core.Tests.Models;

/// <summary>Which names lead where, with described, listed and foreign models.</summary>
public sealed class ModelDirectoryTests
{
    private static readonly ModelProvider Work = TestProviders.Create("work", "qwen3", "z-ai/glm-4.6") with
    {
        Models = [new ModelDescription { Id = "qwen3", Window = 131_072, Aliases = ["coder"] }, new ModelDescription { Id = "glm-4.6", PriceIn = 9, PriceOut = 9 }],
    };

    /// <summary>Traps 187 and 188.</summary>
    [Theory]
    [InlineData("qwen3", "work", "qwen3", false)]
    [InlineData("coder", "work", "qwen3", false)]
    [InlineData("z-ai/glm-4.6", "work", "z-ai/glm-4.6", true)]
    [InlineData("work/z-ai/glm-4.6", "work", "z-ai/glm-4.6", true)]
    [InlineData("WORK", "work", "qwen3", false)]
    [InlineData("glm-4.6", "glm", "glm-4.6", false)]
    [InlineData("work/glm-4.6", "work", "glm-4.6", false)]
    [InlineData("work/anything", "work", "anything", true)]
    [InlineData("kimi-thinking-preview", "kimi", "kimi-thinking-preview", false)]
    public void Names_lead_to_provider_and_id_with_a_warning_where_nothing_is_known(string name, string provider, string id, bool warns)
    {
        var route = Router(TestProviders.Glm, TestProviders.Kimi, Work).Resolve(Question(name));

        (route.Provider.Name, route.ModelId, route.Notes.Count > 0).ShouldBe((provider, id, warns));
    }

    [Fact]
    public void Native_provider_without_key_another_that_names_the_model_answers() =>
        Router(Work).Resolve(Question("glm-4.6")).Provider.Name.ShouldBe("work");

    /// <summary>Trap 217: a price belongs to a provider.</summary>
    [Fact]
    public void Model_keeps_its_abilities_elsewhere_but_not_its_price_nor_its_providers_web_search()
    {
        var directory = Directory(TestProviders.Create("other", "glm-4.5"), TestProviders.Create("coding", "glm-4.5") with { Dialect = "glm" });

        var elsewhere = directory.Describe(directory.Provider("other")!, "glm-4.5").ShouldNotBeNull();
        (elsewhere.Window, elsewhere.Thinking, elsewhere.WebSearch).ShouldBe((131_072, ThinkingKind.Hybrid, false));
        elsewhere.Cost(1000, 1000).ShouldBeNull();
        directory.Describe(directory.Provider("coding")!, "glm-4.5")!.WebSearch.ShouldBeTrue();
        Directory(Work).Describe(Work, "glm-4.6")!.Cost(1_000_000, 0).ShouldBe(9);
    }

    [Fact]
    public void Live_list_wins_over_the_catalogue_and_the_user_over_both() => Simulation.Run(async simulation =>
    {
        var kimi = TestProviders.Listing(
            "kimi",
            _ => Task.FromResult<IReadOnlyList<ModelDescription>>(
            [
                new() { Id = "kimi-k3", Window = 500, Thinking = ThinkingKind.Hybrid },
                new() { Id = "kimi-k2.6", Window = 600, Vision = false },
                new() { Id = "kimi-k4", Window = 700 },
                new() { Id = "kimi-k5" },
            ]),
            "kimi-k3");
        var catalogue = ModelCatalogue.Load().With([new ModelDescription { Id = "kimi-k2.6", Window = 42_000 }]);
        var directory = new ModelDirectory([kimi], catalogue) { Lists = new LiveModelLists(simulation.Time) };
        directory.Describe(kimi, "kimi-k3")!.Window.ShouldBe(1_048_576);
        directory.Describe(kimi, "kimi-k4").ShouldBeNull();

        await directory.LookAroundAsync(CancellationToken.None);

        var k3 = directory.Describe(kimi, "kimi-k3")!;
        (k3.Window, k3.Thinking, k3.PriceIn).ShouldBe((500, ThinkingKind.DefaultOn, 3m));
        directory.Describe(kimi, "kimi-k2.6")!.Window.ShouldBe(42_000);
        directory.Describe(kimi, "kimi-k2.6")!.Vision.ShouldBe(true);
        (directory.Describe(kimi, "kimi-k4")!.Window, directory.Describe(kimi, "kimi-k4")!.Origin).ShouldBe((700, ModelOrigin.LiveList));
        directory.Describe(kimi, "kimi-k5").ShouldBeNull();
    });

    /// <summary>The contract's rule: a model that the live list names is accepted without its provider's name.</summary>
    [Fact]
    public void Unknown_name_is_looked_up_in_the_live_lists_before_it_is_refused() => Simulation.Run(async simulation =>
    {
        var work = TestProviders.Listing("work", ["qwen4"], "qwen3");
        var router = new ModelRouter(new ModelDirectory([work], ModelCatalogue.Load()) { Lists = new LiveModelLists(simulation.Time) }, "auto");
        Should.Throw<CallException>(() => router.Resolve(Question("qwen4")));

        (await router.ResolveAsync(Question("qwen4"), CancellationToken.None)).ModelId.ShouldBe("qwen4");

        var refused = await Should.ThrowAsync<CallException>(async () => await router.ResolveAsync(Question("qwen5"), CancellationToken.None));
        refused.Error.Code.ShouldBe(ErrorCodes.ModelNotFound);
        refused.Message.ShouldContain("Near names: qwen3, qwen4");
    });

    [Fact]
    public void Known_names_are_asked_without_any_look_around() => Simulation.Run(async simulation =>
    {
        var work = TestProviders.Listing("work", _ => throw new InvalidOperationException("nobody asked for a list"), "qwen3");
        var router = new ModelRouter(new ModelDirectory([work], ModelCatalogue.Load()) { Lists = new LiveModelLists(simulation.Time) }, "auto");

        foreach (var name in new string?[] { "qwen3", "work/new", "work", null })
        {
            (await router.ResolveAsync(Question(name), CancellationToken.None)).Provider.Name.ShouldBe("work");
        }
    });

    [Fact]
    public void Described_provider_that_cannot_be_asked_says_why()
    {
        var directory = new ModelDirectory([TestProviders.Glm], ModelCatalogue.Load()) { Unusable = new Dictionary<string, string> { ["work"] = "work needs WORK_KEY." } };

        foreach (var name in new[] { "work", "work/qwen3", "Work/x" })
        {
            var refused = Should.Throw<CallException>(() => new ModelRouter(directory, "auto").Resolve(Question(name)));
            (refused.Error.Code, refused.Message).ShouldBe((ErrorCodes.NoProvider, "work needs WORK_KEY."));
        }
    }

    [Fact]
    public void Provider_without_a_default_says_how_to_name_a_model() =>
        Should.Throw<CallException>(() => Router(TestProviders.Create("openai")).Resolve(Question("openai"))).Message.ShouldContain("openai/id");

    [Fact]
    public void User_may_give_an_alias_of_the_catalogue_to_another_model()
    {
        var catalogue = ModelCatalogue.Load().With([new ModelDescription { Id = "glm-5.3", Aliases = ["glm-air"] }, new ModelDescription { Id = "kimi-k9", Provider = "kimi" }]);
        var router = new ModelRouter([TestProviders.Glm, TestProviders.Kimi], catalogue, "auto");

        router.Resolve(Question("glm-air")).ModelId.ShouldBe("glm-5.3");
        (router.Resolve(Question("kimi-k9")).Provider.Name, router.Resolve(Question("kimi-k9")).Notes.Count).ShouldBe(("kimi", 1));
    }

    [Fact]
    public void Description_without_a_provider_holds_wherever_the_id_is_served()
    {
        var catalogue = ModelCatalogue.Load().With([new ModelDescription { Id = "qwen3", Window = 40_000 }]);
        var work = TestProviders.Create("work", "qwen3");

        new ModelDirectory([work], catalogue).Describe(work, "QWEN3")!.Window.ShouldBe(40_000);
        Should.Throw<CallException>(() => new ModelRouter([TestProviders.Glm], catalogue, "auto").Resolve(Question("qwen3"))).Error.Code.ShouldBe(ErrorCodes.ModelNotFound);
    }

    private static ModelDirectory Directory(params ModelProvider[] providers) => new(providers, ModelCatalogue.Load());

    private static ModelRouter Router(params ModelProvider[] providers) => new(Directory(providers), "auto");

    private static ModelQuestion Question(string? model) => new() { Model = model, SystemPrompt = "s", Prompt = "p" };
}
