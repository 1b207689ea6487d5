using System.Reflection;

namespace Exai.Simulator.Tests;

public sealed class ScriptTests
{
    [Theory]
    [InlineData("""{"rules":[{"hangAt":"lunch"}]}""", "rules[0].hangAt is \"lunch\"; it must be one of connect-accepted, headers, first_token, reasoning, answer, finish.")]
    [InlineData("""{"rules":[{},{"times":0}]}""", "rules[1].times is 0; it must be a number from 1 to 2147483647.")]
    [InlineData("""{"rules":[{"status":200}]}""", "rules[0].status is 200; it must be a number from 400 to 599.")]
    [InlineData("""{"rules":[{"times":"two"}]}""", "rules[0].times is \"two\"; it must be a whole number.")]
    [InlineData("""{"rules":[{"crlf":1}]}""", "rules[0].crlf is 1; it must be true or false.")]
    [InlineData("""{"rules":[7]}""", "rules[0] is 7; it must be an object.")]
    [InlineData("""{"rules":{}}""", "rules is {}; it must be an array of rules.")]
    [InlineData("[]", "The script is []; it must be an object such as {\"rules\":[]}.")]
    [InlineData("""{"rule":[]}""", "\"rule\": [] is not a member of a script; the only one is rules.")]
    public void Parse_of_a_wrong_script_names_member_and_value(string json, string message) =>
        Should.Throw<FormatException>(() => SimulatorScript.Parse(json)).Message.ShouldBe(message);

    [Fact]
    public void Parse_of_an_unknown_member_lists_the_known_ones()
    {
        var message = Should.Throw<FormatException>(() => SimulatorScript.Parse("""{"rules":[{"hangat":"headers"}]}""")).Message;

        message.ShouldStartWith("rules[0].hangat is \"headers\", but a rule has no such member; it has model, promptContains,");
        message.ShouldContain("hangAt");
    }

    [Theory]
    [InlineData("""{"errorCode":"4711"}""", "rules[0].errorCode is \"4711\", which is in no vendor's list")]
    [InlineData("""{"streamErrorAs":"event"}""", "rules[0].streamErrorAs is \"event\", but without streamError it has no effect.")]
    [InlineData("""{"spliceAs":"text"}""", "rules[0].spliceAs is \"text\", but without spliceAfterTokens it has no effect.")]
    [InlineData("""{"spliceAfterTokens":1,"spliceAs":"word"}""", "rules[0].spliceAs is \"word\"; it must be one of line, text.")]
    public void Parse_of_a_member_without_effect_says_what_it_needs(string rule, string problem) =>
        Should.Throw<FormatException>(() => SimulatorScript.Parse($"{{\"rules\":[{rule}]}}")).Message.ShouldStartWith(problem);

    [Fact]
    public void Parse_of_broken_json_says_so() =>
        Should.Throw<FormatException>(() => SimulatorScript.Parse("{")).Message.ShouldStartWith("The script is not JSON:");

    [Fact]
    public void Parse_allows_comments_and_a_comma_too_many() =>
        SimulatorScript.Parse("{\"rules\":[{\"model\":\"glm-5.2\",}, // the first\n]}").Rules[0].Model.ShouldBe("glm-5.2");

    [Fact]
    public void Script_with_every_member_set_survives_writing_and_parsing()
    {
        var rule = new SimulatorRule();
        foreach (var property in typeof(SimulatorRule).GetProperties(BindingFlags.Public | BindingFlags.Instance))
            property.SetValue(rule, Sample(property));

        var read = SimulatorScript.Parse(new SimulatorScript { Rules = [rule] }.ToJson());

        read.Rules.ShouldBe([rule]);
    }

    [Fact]
    public void Script_written_keeps_zero_apart_from_nothing() =>
        SimulatorScript.Parse(new SimulatorScript { Rules = [new SimulatorRule { ReasoningTokens = 0 }] }.ToJson()).Rules[0].ReasoningTokens.ShouldBe(0);

    [Fact]
    public void Documentation_shows_a_script_that_parses()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "Exai.slnx")))
            folder = folder.Parent.ShouldNotBeNull();
        var page = File.ReadAllText(Path.Combine(folder.FullName, "docs", "simulator.md"));

        SimulatorScript.Parse(page.Split("```json")[1].Split("```")[0]).Rules.Count.ShouldBe(18);
    }

    [Fact]
    public async Task Script_made_in_code_is_checked_as_well()
    {
        var script = new SimulatorScript { Rules = [new SimulatorRule { DropAt = "lunch" }] };

        await Should.ThrowAsync<ArgumentException>(() => SimulatorServer.StartAsync(new SimulatorOptions { Script = script }));
    }

    [Fact]
    public async Task First_matching_rule_that_is_not_used_up_decides()
    {
        await using var sim = await SimulatorHarness.StartAsync(
            new SimulatorRule { Dialect = "kimi", Answer = "kimi only" },
            new SimulatorRule { Model = "GLM-5.2", PromptContains = "twice", Times = 2, Answer = "counted" },
            new SimulatorRule { PromptContains = "twice", Answer = "later" });

        var answers = new List<string>();
        for (var call = 0; call < 3; call++)
            answers.Add(await AnswerAsync(sim, "glm-5.2", "say it twice"));

        answers.ShouldBe(["counted", "counted", "later"]);
        (await AnswerAsync(sim, "glm-5.2", "else")).ShouldStartWith("Simulated answer to: \"else\"");
    }

    [Fact]
    public async Task Script_set_again_starts_counting_anew()
    {
        await using var sim = await SimulatorHarness.StartAsync(new SimulatorRule { Times = 1, Answer = "once" });

        await AnswerAsync(sim, "glm-4.6", "a");
        sim.Server.Script = sim.Server.Script;

        (await AnswerAsync(sim, "glm-4.6", "b")).ShouldBe("once");
    }

    private static object Sample(PropertyInfo property) => property.Name switch
    {
        nameof(SimulatorRule.Dialect) => "glm",
        nameof(SimulatorRule.HangAt) or nameof(SimulatorRule.DropAt) => SimulatorStage.Answer,
        nameof(SimulatorRule.StreamErrorAs) => "event",
        nameof(SimulatorRule.SpliceAs) => "text",
        nameof(SimulatorRule.SourcesAt) => SimulatorSources.Nested,
        _ when property.PropertyType == typeof(string) => "text",
        _ when property.PropertyType == typeof(bool) => true,
        _ when (Nullable.GetUnderlyingType(property.PropertyType) ?? property.PropertyType) == typeof(int) => 429,
        _ => 2.5,
    };

    private static async Task<string> AnswerAsync(SimulatorHarness sim, string model, string prompt)
    {
        var (_, json) = await sim.JsonAsync("glm", Ask.Whole(model, prompt));
        return json.GetProperty("choices")[0].GetProperty("message").GetProperty("content").GetString()!;
    }
}
