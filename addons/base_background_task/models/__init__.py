from . import background_task_progress_mixin
from . import background_task
from . import ir_http
