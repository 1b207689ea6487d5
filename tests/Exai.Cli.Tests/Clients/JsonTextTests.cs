using System.Text.Json;
using System.Text.Json.Nodes;
using Exai.Cli.Clients;

namespace Exai.Cli.Tests.Clients;

/// <summary>A change of one member leaves every other byte alone.</summary>
public sealed class JsonTextTests
{
    private static readonly JsonObject Entry = new() { ["command"] = "/bin/exai", ["args"] = new JsonArray("shim") };

    [Theory]
    [InlineData("")]
    [InlineData("{}")]
    [InlineData("{ }\n")]
    [InlineData("""{"a": 1}""")]
    [InlineData("{\n  // a comment\n  \"a\": 1, // another\n}\n")]
    [InlineData("{\"mcpServers\": {}}")]
    [InlineData("{\n    \"mcpServers\": {\n        \"other\": { \"command\": \"x\" }, /* mine */\n    },\n    \"z\": [1, 2],\n}\n")]
    [InlineData("{\r\n  \"mcpServers\": {\r\n    \"other\": {}\r\n  }\r\n}\r\n")]
    [InlineData("{\n\t\"mcpServers\": {\n\t\t\"a\": 1\n\t}\n}")]
    [InlineData("""{"mcpServers":{"exai":{"command":"old"},"other":{}}, "ü": "é // no comment"}""")]
    public void Entry_is_set_once_and_the_rest_stays(string text)
    {
        var set = JsonText.Set(text, "mcpServers", "exai", Entry);
        var again = JsonText.Set(set, "mcpServers", "exai", Entry);

        JsonNode.DeepEquals(JsonText.Find(set, "mcpServers", "exai"), Entry).ShouldBeTrue(set);
        again.ShouldBe(set);
        foreach (var kept in (string[])["// a comment", "// another", "/* mine */", "\"other\"", "\"z\": [1, 2]", "\"ü\": \"é // no comment\""])
        {
            set.Contains(kept).ShouldBe(text.Contains(kept), set);
        }

        var gone = JsonText.Remove(set, "mcpServers", "exai");
        JsonText.Find(gone, "mcpServers", "exai").ShouldBeNull(gone);
        foreach (var kept in (string[])["// a comment", "// another", "/* mine */", "\"other\"", "\"z\": [1, 2]"])
        {
            gone.Contains(kept).ShouldBe(text.Contains(kept), gone);
        }
    }

    [Fact]
    public void New_member_takes_the_layout_of_its_neighbours()
    {
        JsonText.Set("{\n    \"mcpServers\": {\n        \"other\": {}\n    }\n}\n", "mcpServers", "exai", new JsonObject { ["command"] = "exai" })
            .ShouldBe("{\n    \"mcpServers\": {\n        \"other\": {},\n        \"exai\": {\n          \"command\": \"exai\"\n        }\n    }\n}\n");
    }

    [Theory]
    [InlineData("[]")]
    [InlineData("{")]
    [InlineData("""{"mcpServers": []}""")]
    [InlineData("not json")]
    public void Text_that_is_something_else_is_refused(string text) =>
        Should.Throw<JsonException>(() => JsonText.Set(text, "mcpServers", "exai", Entry));
}
