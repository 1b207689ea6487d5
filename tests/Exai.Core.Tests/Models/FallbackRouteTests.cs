using Exai.Core.Models;
using Exai.Core.Models.Catalogue;
using Exai.Core.Tests.Calls;
using Exai.Testing;

namespace Exai.Core.Tests.Models;

public sealed class FallbackRouteTests
{
    private static readonly ModelProvider Glm = Provider("glm", "glm-4.6", "glm-4.5-air");
    private static readonly ModelProvider Kimi = Provider("kimi", "kimi-k2-0905-preview", "kimi-k3");
    private static readonly ModelProvider Found = Provider("ollama", "llama") with { IsDetected = true };
    private static readonly ModelQuestion Hello = new() { SystemPrompt = "s", Prompt = "p" };

    [Fact]
    public void Nothing_configured_the_other_providers_defaults_follow()
    {
        Fallbacks("glm-4.6", Hello).ShouldBe(["kimi/kimi-k2-0905-preview"]);
        Fallbacks("kimi-k3", Hello).ShouldBe(["glm/glm-4.6"]);
    }

    [Fact]
    public void Settings_name_models_they_follow_in_that_order_without_the_failed_one() =>
        Fallbacks("glm-4.6", Hello, ["kimi-k3", "glm", "glm-4.6", "glm-air", "glm/tomorrow", "kimi-k3"])
            .ShouldBe(["kimi/kimi-k3", "glm/glm-4.5-air", "glm/tomorrow"]);

    [Fact]
    public void Name_that_leads_nowhere_is_passed_over()
    {
        Fallbacks("glm-4.6", Hello, ["no-such-model", "kimi-k3"]).ShouldBe(["kimi/kimi-k3"]);
        Fallbacks("glm-4.6", Hello, ["kimi-k3"], [Glm]).ShouldBeEmpty();
    }

    [Fact]
    public void Need_for_the_web_leaves_those_that_search()
    {
        Fallbacks("kimi-k3", Hello with { WebSearch = true }, ["kimi-thinking", "glm-4.6"]).ShouldBe(["glm/glm-4.6"]);
        Fallbacks("glm-4.6", Hello with { WebSearch = true }, ["kimi-thinking"]).ShouldBeEmpty();
    }

    [Fact]
    public void Need_for_eyes_takes_the_first_preferred_model_that_sees() =>
        Fallbacks("glm-4.6v", Hello with { NeedsVision = true }).ShouldBe(["kimi/kimi-k3"]);

    [Fact]
    public void Question_too_long_for_a_model_passes_it_over()
    {
        var question = Hello with { Prompt = new string('x', 4 * 300_000) };

        Fallbacks("kimi-k3", question, ["glm-4.6", "glm-5.2"]).ShouldBe(["glm/glm-5.2"]);
    }

    [Fact]
    public void Thread_too_long_for_a_model_does_not_rule_it_out_because_turns_may_go()
    {
        var question = Hello with { History = [(new string('x', 4 * 300_000), "a")] };

        Fallbacks("kimi-k3", question, ["glm-4.6"]).ShouldBe(["glm/glm-4.6"]);
    }

    [Fact]
    public void Larger_window_wanted_it_must_be_known_and_large_enough() =>
        Fallbacks("glm-4.6", Hello, ["glm-4.5-air", "glm/tomorrow", "kimi-k2", "kimi-k3"], minWindow: 262_144)
            .ShouldBe(["kimi/kimi-k2-0905-preview", "kimi/kimi-k3"]);

    [Fact]
    public void Server_that_was_merely_found_is_never_asked()
    {
        Fallbacks("glm-4.6", Hello, [], [Glm, Found]).ShouldBeEmpty();
        Fallbacks("glm-4.6", Hello, ["ollama/llama"], [Glm, Found]).ShouldBeEmpty();
    }

    private static string[] Fallbacks(
        string failed, ModelQuestion question, IReadOnlyList<string>? models = null, IReadOnlyList<ModelProvider>? providers = null, long? minWindow = null)
    {
        var router = new ModelRouter(providers ?? [Glm, Kimi], ModelCatalogue.Load(), "auto");
        var route = router.Resolve(question with { Model = failed });
        var fallbacks = router.Fallbacks(route, question, models ?? [], minWindow);
        fallbacks.ShouldAllBe(fallback => fallback.AskedModel == failed);
        return [.. fallbacks.Select(fallback => $"{fallback.Provider.Name}/{fallback.ModelId}")];
    }

    private static ModelProvider Provider(string name, params string[] models) =>
        new(name, new ScriptedChatClient(new VirtualTime()), TestDaemon.Clocks, models, 8192);
}
