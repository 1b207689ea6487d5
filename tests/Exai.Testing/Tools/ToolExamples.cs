namespace Exai.Testing.Tools;

/// <summary>The examples of <c>docs/tools.md</c>.</summary>
public static class ToolExamples
{
    /// <summary>A call of each tool that works as it stands, given the files that it names.</summary>
    public static IReadOnlyDictionary<string, string> Arguments { get; } = new Dictionary<string, string>(StringComparer.Ordinal)
    {
        ["chat"] = """{"prompt":"Is a bounded channel enough here, or do I need a semaphore?"}""",
        ["challenge"] = """{"prompt":"We need a cache in front of the database."}""",
        ["listmodels"] = "{}",
        ["status"] = "{}",
        ["version"] = "{}",
        ["thinkdeep"] = """{"step":"Should the queue be per session or global?","findings":"Global is fair only with weights.","focus_areas":["fairness"]}""",
        ["debug"] = """{"step":"The total is one too high.","step_number":1,"next_step_required":true,"findings":"Sum() counts the header line.","hypothesis":"off by one"}""",
        ["codereview"] = """{"step":"Review the new parser.","relevant_files":["/project/src/Parser.cs"],"review_type":"full"}""",
        ["analyze"] = """{"step":"How does a request reach the store?","analysis_type":"architecture"}""",
        ["refactor"] = """{"step":"Parser.cs does three things.","refactor_type":"decompose"}""",
        ["secaudit"] = """{"step":"Audit the upload endpoint.","audit_focus":"owasp","threat_level":"high"}""",
        ["testgen"] = """{"step":"Test the parser's limits.","relevant_files":["/project/src/Parser.cs"]}""",
        ["precommit"] = """{"step":"Check what is staged.","path":"/work"}""",
        ["planner"] = """{"step":"Move to the new store without downtime.","step_number":1,"total_steps":4,"next_step_required":true}""",
        ["tracer"] = """{"step":"Trace Store.Save.","trace_mode":"precision","target_description":"Store.Save","next_step_required":true}""",
        ["docgen"] = """{"step":"Two files: Store.cs, Index.cs.","num_files_documented":0,"total_files_to_document":2,"next_step_required":true}""",
        ["consensus"] = """{"step":"Replace polling by events.","models":[{"model":"glm-4.6","stance":"for"},{"model":"glm-4.5","stance":"against"}]}""",
        ["job_result"] = """{"job_id":"0199aaaa-0000-7000-8000-000000000000"}""",
        ["job_list"] = "{}",
        ["job_cancel"] = """{"job_id":"0199aaaa-0000-7000-8000-000000000000"}""",
        ["health"] = "{}",
        ["activity"] = """{"lines":50,"filter":"Failed"}""",
        ["provider_capabilities"] = "{}",
        ["self-check"] = "{}",
        ["toolcall_log_tail"] = """{"n":10}""",
        ["glm_web_search"] = """{"search_query":"SQLite WAL checkpoint starvation","count":5}""",
        ["glm_payload_preview"] = """{"prompt":"Hello","use_websearch":true}""",
        ["glm_upload_file"] = """{"file":"/project/report.pdf"}""",
        ["kimi_upload_files"] = """{"files":["/project/report.pdf"]}""",
        ["kimi_manage_files"] = """{"operation":"cleanup_expired"}""",
        ["kimi_chat_with_files"] = """{"prompt":"What does it promise?","file_ids":["file-1"]}""",
        ["kimi_chat_with_tools"] = """{"messages":[{"role":"user","content":"What changed in SQLite 3.50?"}],"use_websearch":true}""",
        ["glm_multi_file_chat"] = """{"prompt":"Which of them is wrong?","files":["/project/a.md","/project/b.md"]}""",
        ["smart_file_query"] = """{"file_path":"/project/a.md","question":"What does it promise?"}""",
    };
}
